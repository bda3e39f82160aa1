"""Dense mining in shards: the documents are never all encoded at once, and none is passed over."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lexfit.negatives.candidates import Candidates, Documents

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sentence_transformers import SentenceTransformer

    from lexfit.evaluation.runs import Run

logger = logging.getLogger(__name__)
# Passages encoded before any is forgotten, and queries scored at once: 64 MiB of scores.
SHARD, QUERIES = 16_384, 1024


def dense_candidates(
    model: SentenceTransformer,
    queries: Mapping[str, str],
    passages: Mapping[str, list[str]],
    depth: int,
    known: Mapping[str, Collection[str]],
    *,
    batch_size: int,
    progress: bool = False,
    shard: int = SHARD,
) -> Run:
    """The `depth` best documents of each query by the model's own similarity, and its known positives' scores.

    Every document is compared with every query, so the ranking is exact. Memory holds the embeddings of the queries
    and of one shard, their scores, and `depth` documents a query.

    Args:
        model: Holds its prompts and similarity function.
        queries: Text by query id.
        passages: Passages by document id; a document's score is that of its best passage.
        depth: How many to keep of each query, known positives not counted.
        known: Known positives by query id.
        batch_size: Texts encoded at once.
        progress: Show a progress bar.
        shard: Passages of a shard; a document is never divided.
    """
    documents = Documents(passages)
    candidates = Candidates(documents, depth, queries, known)
    options = {"batch_size": batch_size, "convert_to_tensor": True, "show_progress_bar": progress}
    encoded = model.encode_query(list(queries.values()), **options).float()
    ids = list(queries)

    def score(first: int, last: int) -> None:
        texts = documents.texts[documents.starts[first] : documents.starts[last]]
        logger.info("encoding %d of %d passages", len(texts), len(documents.texts))
        embedded = model.encode_document(texts, **options).float()
        for start in range(0, len(ids), QUERIES):
            rows = slice(start, start + QUERIES)
            scores = model.similarity(encoded[rows], embedded).cpu().numpy()  # (queries, passages)
            for query_id, own in zip(ids[rows], scores, strict=True):
                candidates.add(query_id, own, first, last)

    for first, last in documents.shards(shard):
        score(first, last)  # in a function, so that a shard is gone before the next is encoded
    return candidates.run()
