"""Which passage of a split document a query trains on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.negatives.bm25 import Okapi

if TYPE_CHECKING:
    import numpy as np


class PassagePicker:
    """For a query, the passage of a document that BM25 over all passages ranks first; the first of equals.

    Args:
        passages: Passages by document, in the order of `flat`. If no document is split, no index is built.
    """

    def __init__(self, passages: dict[str, list[str]]) -> None:
        self.flat: list[str] = []
        self._spans: dict[str, tuple[int, int]] = {}
        for doc_id, parts in passages.items():
            self._spans[doc_id] = (len(self.flat), len(parts))
            self.flat += parts
        self._index = Okapi(self.flat) if len(self.flat) > len(passages) else None
        self._scores: dict[str, np.ndarray] = {}

    def pick(self, query: str, doc_id: str) -> int:
        """The passage to train on, as an index into `flat`."""
        start, count = self._spans[doc_id]
        if self._index is None or count == 1:
            return start
        if query not in self._scores:
            self._scores[query] = self._index.scores(query)
        return start + int(self._scores[query][start : start + count].argmax())
