"""A drawn part: whole where nothing is limited, positives never lost, the same draw each time, scores of that part."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from lexfit.config import EvaluationParams, Params
from lexfit.corpus.records import Collection
from lexfit.evaluation.subset import drawn, is_partial, part, part_facts, part_of_inputs, part_of_run, part_of_task

QUERIES = [f"q{n}" for n in range(40)]
DOCUMENTS = [f"d{n}" for n in range(200)]
POSITIVES = {q: {f"d{3 * n}", f"d{3 * n + 1}", "absent"} for n, q in enumerate(QUERIES)}


@pytest.fixture
def params(make_params: Callable[..., Params]) -> EvaluationParams:
    return make_params("evaluation=quick").evaluation


def limited(params: EvaluationParams, queries: int | None, documents: int | None) -> EvaluationParams:
    return dataclasses.replace(params, max_queries=queries, max_documents=documents)


def test_without_limits_it_is_all(params: EvaluationParams) -> None:
    whole = limited(params, None, None)
    assert not is_partial(whole)
    assert part(QUERIES, DOCUMENTS, POSITIVES, whole, 1) == (set(QUERIES), set(DOCUMENTS))


def test_every_positive_of_a_drawn_query_is_there_and_the_rest_fills_up(params: EvaluationParams) -> None:
    assert is_partial(params)
    queries, documents = part(QUERIES, DOCUMENTS, POSITIVES, limited(params, 10, 50), 1)
    assert (len(queries), len(documents)) == (10, 50)
    assert {d for q in queries for d in POSITIVES[q]} - {"absent"} <= documents
    # Positives stay even where they alone are more than the limit.
    queries, documents = part(QUERIES, DOCUMENTS, POSITIVES, limited(params, 10, 5), 1)
    assert documents == {d for q in queries for d in POSITIVES[q]} - {"absent"}


def test_the_draw_follows_the_seed_and_not_the_order(params: EvaluationParams) -> None:
    first = drawn(QUERIES, 10, 1)
    assert drawn(reversed(QUERIES), 10, 1) == first
    assert drawn(QUERIES, 10, 2) != first
    assert len(first & drawn([*QUERIES, "another"], 10, 1)) >= 9


def test_a_part_of_texts_and_of_a_ranking_have_the_same_queries_and_documents(params: EvaluationParams) -> None:
    texts, passages = {q: f"text {q}" for q in QUERIES}, {d: [d] for d in DOCUMENTS}
    inputs = part_of_inputs(texts, passages, POSITIVES, limited(params, 5, 30), 3)
    run = {q: {d: float(n) for n, d in enumerate(DOCUMENTS)} for q in QUERIES}
    cut = part_of_run(run, *inputs)
    assert list(cut) == list(inputs[0])
    assert all(set(scores) == set(inputs[1]) for scores in cut.values())
    assert all(cut[q][d] == run[q][d] for q in cut for d in cut[q])


def test_a_part_of_a_task_keeps_what_is_no_test_query(collection: Collection, params: EvaluationParams) -> None:
    small = part_of_task(collection, limited(params, 1, 3), 1)
    assert part_facts(collection, small) == {"queries": 1, "documents": 3, "of_queries": 2, "of_documents": 6}
    assert [q for q in small.queries if q.split == "train"] == [q for q in collection.queries if q.split == "train"]
    (query,) = (q.id for q in small.queries if q.split == "test")
    assert collection.positives()[query] <= {d.id for d in small.documents}
