"""The best documents of each query out of many, found with bounded memory, and the same as in a full ranking."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from lexfit.negatives.top_k import contenders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

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
        queries: Ids of the queries.
        known: Known positives by query; those that are none of `documents` are passed over.
    """

    def __init__(
        self, documents: Documents, depth: int, queries: Iterable[str], known: Mapping[str, Collection[str]]
    ) -> None:
        self._documents = documents
        self._known: dict[str, np.ndarray] = {}
        for query_id in queries:
            own = sorted(d for d in known.get(query_id, ()) if d in documents.place)
            self._known[query_id] = np.array([documents.place[d] for d in own], int)
        # All that is kept is allocated here: kept between the arrays of each span, it would fragment the heap.
        room = {query_id: min(depth + len(own), len(documents.ids)) for query_id, own in self._known.items()}
        self._places = {query_id: np.empty(k, int) for query_id, k in room.items()}
        self._values = {query_id: np.empty(k) for query_id, k in room.items()}
        self._filled = dict.fromkeys(room, 0)
        self._positives = {query_id: np.empty(len(own)) for query_id, own in self._known.items()}

    def add(self, query_id: str, scores: np.ndarray, first: int, last: int) -> None:
        """Take a query's scores of the passages of documents `first` to `last` (excluded), shape (passages,)."""
        scores = self._documents.by_document(scores, first, last)
        kept_places, kept_values, filled = self._places[query_id], self._values[query_id], self._filled[query_id]
        found = contenders(scores, len(kept_places))
        places = np.concatenate([kept_places[:filled], found + first])
        values = np.concatenate([kept_values[:filled], scores[found]])
        order = np.lexsort((self._documents.precedence[places], -values))[: len(kept_places)]
        kept_places[: len(order)], kept_values[: len(order)] = places[order], values[order]
        self._filled[query_id] = len(order)
        known = self._known[query_id]
        here = (known >= first) & (known < last)
        self._positives[query_id][here] = scores[known[here] - first]

    def run(self) -> Run:
        """Scores by document, best first, followed by those of the known positives that rank lower.

        Every document must have been scored.
        """
        ids = self._documents.ids
        run: Run = {}
        for query_id, known in self._known.items():
            places = [*self._places[query_id].tolist(), *known.tolist()]
            values = [*self._values[query_id].tolist(), *self._positives[query_id].tolist()]
            run[query_id] = {ids[place]: value for place, value in zip(places, values, strict=True)}
        return run


class Bm25Candidates:
    """BM25 over documents, indexed once, for the candidates of queries that may come in parts.

    Args:
        passages: Passages by document id.
    """

    def __init__(self, passages: Mapping[str, list[str]]) -> None:
        from lexfit.negatives.bm25 import Okapi  # noqa: PLC0415  (imports scipy)

        self._documents = Documents(passages)
        self._index = Okapi(self._documents.texts)

    def run(self, queries: Mapping[str, str], depth: int, known: Mapping[str, Collection[str]]) -> Run:
        """The `depth` best documents of each query, and the scores of its known positives.

        Args:
            queries: Text by query id.
            depth: How many to keep of each query, known positives not counted.
            known: Known positives by query id.
        """
        candidates = Candidates(self._documents, depth, queries, known)
        for query_id, text in queries.items():
            candidates.add(query_id, self._index.scores(text), 0, len(self._documents.ids))
        return candidates.run()


def bm25_candidates(
    queries: Mapping[str, str], passages: Mapping[str, list[str]], depth: int, known: Mapping[str, Collection[str]]
) -> Run:
    """As `Bm25Candidates.run`, of documents that are asked once."""
    return Bm25Candidates(passages).run(queries, depth, known)
