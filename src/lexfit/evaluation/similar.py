"""Queries that mean much the same, by an embedding model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)
ROWS = 2048


def similar_queries(
    model: SentenceTransformer,
    first: dict[str, str],
    second: dict[str, str],
    threshold: float,
    *,
    batch_size: int,
    progress: bool = False,
) -> list[tuple[str, str, float]]:
    """Pairs of ids whose texts' cosine similarity is at least `threshold`, the most similar first.

    Both sides are encoded as queries, each once; similarities are taken in blocks, so that memory doesn't grow with
    the product of the two.
    """
    import torch  # noqa: PLC0415  (data stages start without it)

    logger.info("encoding %d training and %d evaluation queries", len(first), len(second))
    options = {"batch_size": batch_size, "convert_to_tensor": True, "show_progress_bar": progress}
    rows, columns = list(first), list(second)
    left = torch.nn.functional.normalize(model.encode_query(list(first.values()), **options).float(), dim=-1)
    right = torch.nn.functional.normalize(model.encode_query(list(second.values()), **options).float(), dim=-1)
    found = []
    for start in range(0, len(rows), ROWS):
        cosines = left[start : start + ROWS] @ right.T  # (block of training queries, evaluation queries)
        for row, column in (cosines >= threshold).nonzero().tolist():
            found.append((rows[start + row], columns[column], float(cosines[row, column])))
    return sorted(found, key=lambda pair: (-round(pair[2], 4), pair[0], pair[1]))
