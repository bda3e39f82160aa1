"""From training records to the trainer's rows: texts, and the ids by which the loss masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lexfit.negatives.bm25 import Okapi

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@dataclass(frozen=True)
class TrainingData:
    """Rows of the trainer's data set, and the order of queries and documents that labels refer to."""

    rows: list[dict[str, Any]]
    query_ids: list[str]
    doc_ids: list[str]
    positives: dict[str, set[str]]

    def relevance(self) -> Tensor:
        """Known positives, boolean, shape (queries, documents)."""
        import torch  # noqa: PLC0415

        column = {doc_id: i for i, doc_id in enumerate(self.doc_ids)}
        known = torch.zeros(len(self.query_ids), len(self.doc_ids), dtype=torch.bool)
        for row, query_id in enumerate(self.query_ids):
            for doc_id in self.positives[query_id]:
                if doc_id in column:
                    known[row, column[doc_id]] = True
        return known


class PassagePicker:
    """For a query, the passage of a split document that BM25 over all passages ranks first; the first of equals.

    Args:
        passages: Passages by document. If no document is split, no index is built.
    """

    def __init__(self, passages: dict[str, list[str]]) -> None:
        self._passages = passages
        self._start: dict[str, int] = {}
        flat: list[str] = []
        for doc_id, parts in passages.items():
            self._start[doc_id] = len(flat)
            flat += parts
        self._index = Okapi(flat) if len(flat) > len(passages) else None
        self._scores: dict[str, np.ndarray] = {}

    def pick(self, query: str, doc_id: str) -> str:
        """The passage to train on."""
        parts = self._passages[doc_id]
        if self._index is None or len(parts) == 1:
            return parts[0]
        if query not in self._scores:
            self._scores[query] = self._index.scores(query)
        start = self._start[doc_id]
        return parts[int(self._scores[query][start : start + len(parts)].argmax())]


def build_training_data(
    queries: list[dict[str, Any]],
    documents: list[dict[str, Any]],
    pairs: list[dict[str, Any]],
    negatives: list[dict[str, Any]],
    per_pair: int,
) -> TrainingData:
    """One row for each (query, positive) pair, with `per_pair` mined negatives.

    A query's negatives rotate over its pairs, so that each is used. Where fewer were mined, they repeat,
    and with none the pair's own positive stands in: the loss masks both, so neither counts.

    Args:
        queries: Training queries; pairs of others are left out, so a fold is a subset of these.
        documents: All documents that pairs and negatives name.
        pairs: `query_id` and `doc_id` of each known positive.
        negatives: Mined negatives, best first for each query.
        per_pair: Negatives a row.
    """
    texts = {d["id"]: d["passages"] for d in documents}
    picker = PassagePicker(texts)
    by_query = {q["id"]: q for q in queries}
    doc_ids, query_ids = list(texts), list(by_query)
    row_of, column_of = {q: i for i, q in enumerate(query_ids)}, {d: i for i, d in enumerate(doc_ids)}
    mined: dict[str, list[str]] = {q: [] for q in query_ids}
    for negative in negatives:
        if negative["query_id"] in mined:
            mined[negative["query_id"]].append(negative["doc_id"])
    rows, used = [], dict.fromkeys(query_ids, 0)
    for pair in pairs:
        if pair["query_id"] not in by_query:
            continue
        query = by_query[pair["query_id"]]
        pool = mined[query["id"]] or [pair["doc_id"]]
        start = used[query["id"]]
        chosen = [pool[(start + i) % len(pool)] for i in range(per_pair)]
        used[query["id"]] += per_pair
        anchor = query["clean_text"]
        row: dict[str, Any] = {"anchor": anchor, "positive": picker.pick(anchor, pair["doc_id"])}
        for i, doc_id in enumerate(chosen, 1):
            row[f"negative_{i}"] = picker.pick(anchor, doc_id)
        row["label"] = [row_of[query["id"]], column_of[pair["doc_id"]], *(column_of[d] for d in chosen)]
        rows.append(row)
    return TrainingData(rows, query_ids, doc_ids, {q["id"]: set(q["positives"]) for q in queries})
