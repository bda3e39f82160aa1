"""The best documents of each query out of many, found with bounded memory, and the same as in a full ranking."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from lexfit.negatives.top_k import contenders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from lexfit.evaluation.runs import Run


class Documents:
    """Documents as one list of passages; a document's score is that of its best passage.

    Args:
        passages: Passages by document id; none may be without (ValueError).
    """

    def __init__(self, passages: Mapping[str, list[str]]) -> None:
        self.ids = list(passages)
        self.texts = [part for parts in passages.values() for part in parts]
        self.starts = np.array([0, *accumulate(map(len, passages.values()))])  # (documents + 1,)
        if not all(passages.values()):
            raise ValueError(f"document {next(d for d, parts in passages.items() if not parts)!r} has no passage")
        self.place = {doc_id: place for place, doc_id in enumerate(self.ids)}
        # The place of each document in the order of ids, by which equal scores are ordered.
        self.precedence = np.empty(len(self.ids), np.int64)
        self.precedence[sorted(range(len(self.ids)), key=self.ids.__getitem__)] = np.arange(len(self.ids))

    def shards(self, size: int) -> Iterator[tuple[int, int]]:
        """Spans of consecutive documents, of at most `size` passages or of one document."""
        first = 0
        while first < len(self.ids):
            last = int(np.searchsorted(self.starts, self.starts[first] + size, side="right")) - 1
            last = max(last, first + 1)
            yield first, last
            first = last

    def by_document(self, scores: np.ndarray, first: int, last: int) -> np.ndarray:
        """Scores of the documents of a span, shape (documents,), from those of its passages, shape (passages,)."""
        starts = self.starts[first:last] - self.starts[first]
        return scores if len(starts) == len(scores) else np.maximum.reduceat(scores, starts)


class Candidates:
    """The `depth` best documents of each query besides its known positives, and those positives' scores.

    Scores may come span by span, in any order: what is kept is the same.

    Args:
        documents: Which are scored.
        depth: How many to keep of each query, known positives not counted.
        known: Known positives by query; those that are none of `documents` are passed over.
    """

    def __init__(self, documents: Documents, depth: int, known: Mapping[str, Collection[str]]) -> None:
        self._documents, self._depth = documents, depth
        self._known = {
            query_id: np.array([documents.place[d] for d in sorted(ids) if d in documents.place], np.int64)
            for query_id, ids in known.items()
        }
        self._best: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._positives: dict[str, dict[str, float]] = {}

    def add(self, query_id: str, scores: np.ndarray, first: int, last: int) -> None:
        """Take a query's scores of the passages of documents `first` to `last` (excluded), shape (passages,)."""
        scores = self._documents.by_document(scores, first, last)
        known = self._known.get(query_id, np.empty(0, np.int64))
        k = self._depth + len(known)
        found = contenders(scores, k)
        places, values = found + first, scores[found]
        if query_id in self._best:
            places = np.concatenate([self._best[query_id][0], places])
            values = np.concatenate([self._best[query_id][1], values])
        order = np.lexsort((self._documents.precedence[places], -values))[:k]
        self._best[query_id] = places[order], values[order]
        for place in known[(known >= first) & (known < last)].tolist():
            self._positives.setdefault(query_id, {})[self._documents.ids[place]] = float(scores[place - first])

    def run(self) -> Run:
        """Scores by document, best first, followed by those of the known positives that rank lower."""
        return {
            query_id: {
                **{self._documents.ids[p]: value for p, value in zip(places.tolist(), values.tolist(), strict=True)},
                **self._positives.get(query_id, {}),
            }
            for query_id, (places, values) in self._best.items()
        }


def bm25_candidates(
    queries: Mapping[str, str], passages: Mapping[str, list[str]], depth: int, known: Mapping[str, Collection[str]]
) -> Run:
    """The `depth` best documents of each query by BM25, and the scores of its known positives.

    Args:
        queries: Text by query id.
        passages: Passages by document id.
        depth: How many to keep of each query, known positives not counted.
        known: Known positives by query id.
    """
    from lexfit.negatives.bm25 import Okapi  # noqa: PLC0415  (imports scipy)

    documents = Documents(passages)
    index = Okapi(documents.texts)
    candidates = Candidates(documents, depth, known)
    for query_id, text in queries.items():
        candidates.add(query_id, index.scores(text), 0, len(documents.ids))
    return candidates.run()
