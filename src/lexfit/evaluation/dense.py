"""Rankings by an embedding model, by best passage where documents are split."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lexfit.evaluation.runs import max_passage

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from lexfit.evaluation.runs import Run

logger = logging.getLogger(__name__)


def dense_run(
    model: SentenceTransformer,
    queries: dict[str, str],
    passages: dict[str, list[str]],
    batch_size: int,
    progress: bool = False,
) -> Run:
    """Score every document for every query with the model's own prompts and similarity.

    Args:
        model: Holds its prompts and similarity function.
        queries: Text by query id.
        passages: Passages by document id; a document's score is that of its best passage.
        batch_size: Texts encoded at once.
        progress: Show a progress bar.
    """
    owners = [doc_id for doc_id, parts in passages.items() for _ in parts]
    texts = [part for parts in passages.values() for part in parts]
    logger.info("encoding %d passages and %d queries", len(texts), len(queries))
    options = {"batch_size": batch_size, "convert_to_tensor": True, "show_progress_bar": progress}
    documents = model.encode_document(texts, **options)
    encoded = model.encode_query(list(queries.values()), **options)
    scores = model.similarity(encoded.float(), documents.float()).cpu().numpy()  # (queries, passages)
    return {query_id: max_passage(scores[row], owners) for row, query_id in enumerate(queries)}
