"""From training records to what the trainer and the loss need: texts, ids, known positives, negatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lexfit.corpus.protocols import NO_FOLD
from lexfit.training.passages import PassagePicker
from lexfit.training.windows import windowed

if TYPE_CHECKING:
    from torch import Tensor

    from lexfit.config import BatchesParams, ModelParams
    from lexfit.config_data import TrainSourceParams


@dataclass(frozen=True)
class TrainingData:
    """Texts and judgements by number; rows of the trainer's data set hold only such numbers as labels.

    `rows` have `label` = [query, passage of the positive, how many of the query's negatives are used before],
    with the two texts beside it for samplers that look at them. `negatives` holds, for each query, mined
    passages with weights, best first. `positives` holds each query's known positives with the scores of their
    judgements. `inner` are queries that don't train, for early stopping. `soft` are a teacher's scores by document for
    each query, where one teaches.
    """

    rows: list[dict[str, Any]]
    query_ids: list[str]
    query_texts: list[str]
    query_sources: list[str]
    doc_ids: list[str]
    doc_sources: list[str]
    passages: list[str]
    doc_of_passage: list[int]
    positives: list[dict[int, int]]
    negatives: list[list[tuple[int, float]]]
    inner: list[int]
    soft: list[dict[int, float]] | None = None

    def relevance(self) -> Tensor:
        """Known positives, boolean, shape (queries, documents)."""
        return self.gains() > 0

    def gains(self) -> Tensor:
        """Scores of the judgements, 0 where there is none, float32, shape (queries, documents)."""
        import torch  # noqa: PLC0415

        scores = torch.zeros(len(self.query_ids), len(self.doc_ids))
        for row, columns in enumerate(self.positives):
            scores[row, list(columns)] = torch.tensor(list(columns.values()), dtype=scores.dtype)
        return scores

    def soft_scores(self) -> Tensor | None:
        """A teacher's scores, minus infinity where it gave none, shape (queries, documents); None if none teaches."""
        import torch  # noqa: PLC0415

        if self.soft is None:
            return None
        scores = torch.full((len(self.query_ids), len(self.doc_ids)), -torch.inf)
        for row, columns in enumerate(self.soft):
            scores[row, list(columns)] = torch.tensor(list(columns.values()), dtype=scores.dtype)
        return scores

    def same_source(self) -> Tensor:
        """Whether a document is of a query's source, boolean, shape (queries, documents)."""
        import torch  # noqa: PLC0415

        rows = [[q == d for d in self.doc_sources] for q in self.query_sources]
        return torch.tensor(rows, dtype=torch.bool)

    def prompts(self, model: ModelParams, sources: dict[str, TrainSourceParams]) -> tuple[list[str], list[str]] | None:
        """What stands in front of each query and each passage in training; None where no source has its own prompts.

        Args:
            model: Has the prompts of all sources without their own.
            sources: `data.train`.
        """
        if all(s.query_prompt is None and s.document_prompt is None for s in sources.values()):
            return None
        fronts = {}
        for name in {*self.query_sources, *self.doc_sources}:
            own = sources.get(name)
            query = model.query_prompt if own is None or own.query_prompt is None else own.query_prompt
            document = model.document_prompt if own is None or own.document_prompt is None else own.document_prompt
            fronts[name] = query, document
        passages = [fronts[self.doc_sources[document]][1] for document in self.doc_of_passage]
        return [fronts[source][0] for source in self.query_sources], passages

    def picker(self) -> PassagePicker:
        """The passage picker over these documents."""
        passages: dict[str, list[str]] = {doc_id: [] for doc_id in self.doc_ids}
        for text, column in zip(self.passages, self.doc_of_passage, strict=True):
            passages[self.doc_ids[column]].append(text)
        return PassagePicker(passages)


def build_training_data(
    queries: list[dict[str, Any]],
    documents: list[dict[str, Any]],
    pairs: list[dict[str, Any]],
    negatives: list[dict[str, Any]],
    *,
    per_pair: int,
    inner: list[dict[str, Any]] | None = None,
) -> TrainingData:
    """One row for each (query, positive) pair; a query's negatives rotate over its pairs, so that each is used.

    Args:
        queries: Training queries; pairs of others are left out, so a fold is a subset of these.
        documents: All documents that pairs and negatives name.
        pairs: `query_id` and `doc_id` of each known positive.
        negatives: Mined negatives, best first for each query, with a `weight`.
        per_pair: Negatives that a pair uses.
        inner: Queries that are ranked for early stopping and have no row.
    """
    held = inner or []
    picker = PassagePicker({d["id"]: d["passages"] for d in documents})
    column_of = {d["id"]: i for i, d in enumerate(documents)}
    row_of = {q["id"]: i for i, q in enumerate(queries)}
    everyone = [*queries, *held]
    scores = {(pair["query_id"], pair["doc_id"]): pair["score"] for pair in pairs}
    mined: list[list[tuple[int, float]]] = [[] for _ in everyone]
    for negative in negatives:
        if negative["query_id"] in row_of:
            row = row_of[negative["query_id"]]
            passage = picker.pick(queries[row]["clean_text"], negative["doc_id"])
            mined[row].append((passage, negative["weight"]))
    rows, used = [], [0] * len(queries)
    for pair in pairs:
        if pair["query_id"] not in row_of:
            continue
        row = row_of[pair["query_id"]]
        anchor = queries[row]["clean_text"]
        passage = picker.pick(anchor, pair["doc_id"])
        rows.append({"anchor": anchor, "positive": picker.flat[passage], "label": [row, passage, used[row]]})
        used[row] += per_pair
    return TrainingData(
        rows=rows,
        query_ids=[q["id"] for q in everyone],
        query_texts=[q["clean_text"] for q in everyone],
        query_sources=[q["source"] for q in everyone],
        doc_ids=list(column_of),
        doc_sources=[d["source"] for d in documents],
        passages=picker.flat,
        doc_of_passage=[column_of[d["id"]] for d in documents for _ in d["passages"]],
        positives=[{column_of[d]: scores[q["id"], d] for d in q["positives"] if d in column_of} for q in everyone],
        negatives=mined,
        inner=list(range(len(queries), len(everyone))),
    )


def load_training_data(
    records: dict[str, list[dict[str, Any]]], batches: BatchesParams, excluded: set[int], *, inner: bool = False
) -> TrainingData:
    """Training data of the queries outside some folds.

    Args:
        records: `queries`, `documents`, `pairs` and `negatives`, as the stages wrote them.
        batches: How many negatives a pair uses, and into which windows a query's text is cut.
        excluded: Folds that are held out.
        inner: Hold one more fold out, for early stopping: the next one after the highest excluded (cyclically).
    """
    queries = [q for q in records["queries"] if q["fold"] not in excluded]
    held: list[dict[str, Any]] = []
    if inner:
        left = sorted({q["fold"] for q in queries} - {NO_FOLD})
        chosen = next((f for f in left if f > max(excluded, default=-1)), left[0])
        held = [q for q in queries if q["fold"] == chosen]
        queries = [q for q in queries if q["fold"] != chosen]
    cut, (pairs, negatives) = windowed(
        queries, [records["pairs"], records["negatives"]], batches.windows, batches.window_words
    )
    return build_training_data(
        cut,
        records["documents"],
        pairs,
        negatives,
        per_pair=batches.negatives,
        inner=held,
    )
