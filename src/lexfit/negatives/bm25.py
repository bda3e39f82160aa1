"""BM25: rank-bm25's BM25Okapi over lower-cased word tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rank_bm25 import BM25Okapi

from lexfit.corpus.duplicates import words

if TYPE_CHECKING:
    import numpy as np


class Okapi:
    """An index of texts with rank-bm25's scores (k1 1.5, b 0.75, epsilon 0.25)."""

    def __init__(self, texts: list[str]) -> None:
        # An empty text would make no term; rank-bm25 divides by the corpus size and mean length only.
        self._index = BM25Okapi([words(text) or [""] for text in texts])

    def scores(self, query: str) -> np.ndarray:
        """Scores of all texts for a query, shape (texts,)."""
        scores: np.ndarray = self._index.get_scores(words(query))
        return scores
