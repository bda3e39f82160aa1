"""Fusion by ranks and scores, against values worked out by hand; weights come from the queries they are given."""

from __future__ import annotations

import pytest

from lexfit.evaluation.runs import Run, order
from lexfit.evaluation.trec import evaluate
from lexfit.second_stage.fusion import (
    fuse,
    fuse_ranks,
    heads,
    learn_weights,
    reciprocal_ranks,
    reorder,
    simplex,
    standardised,
    weighted,
)

FIRST = {"a": 4.0, "b": 3.0, "c": 2.0, "d": 1.0}


def test_reciprocal_ranks_are_cormacks_sums() -> None:
    fused = reciprocal_ranks([FIRST, {"c": 9.0, "a": 1.0, "b": 0.5, "d": 0.1}], list("abcd"), 60)
    assert fused == pytest.approx(
        {"a": 1 / 61 + 1 / 62, "b": 1 / 62 + 1 / 63, "c": 1 / 63 + 1 / 61, "d": 1 / 64 + 1 / 64}
    )


def test_ranks_are_those_among_the_head() -> None:
    fused = reciprocal_ranks([FIRST], ["b", "d"], 60)
    assert fused == pytest.approx({"b": 1 / 61, "d": 1 / 62})


def test_standardised_scores_have_mean_0_and_deviation_1() -> None:
    assert standardised({"a": 1.0, "b": 3.0}, ["a", "b"]) == {"a": -1.0, "b": 1.0}
    assert standardised({"a": 2.0, "b": 2.0}, ["a", "b"]) == {"a": 0.0, "b": 0.0}


def test_a_document_without_a_score_counts_as_the_lowest() -> None:
    own = standardised({"a": 1.0, "b": 3.0}, ["a", "b", "c"])
    assert own["c"] == own["a"] < own["b"]
    assert standardised({}, ["a"]) == {"a": 0.0}


def test_scale_and_offset_of_a_system_change_nothing() -> None:
    other = {"d": 7.0, "c": 6.0, "b": 1.0, "a": 0.0}
    moved = {doc_id: 1000 + 50 * value for doc_id, value in other.items()}
    head = list("abcd")
    assert weighted([FIRST, other], head, [0.5, 0.5]) == pytest.approx(weighted([FIRST, moved], head, [0.5, 0.5]))


def test_below_the_head_the_first_stages_order_stays() -> None:
    ranked = order(reorder(FIRST, ["a", "b", "c"], {"c": 0.3, "b": 0.1}))
    assert ranked == ["c", "b", "a", "d"]


@pytest.mark.parametrize(("systems", "grid", "count"), [(1, 10, 1), (2, 10, 11), (3, 10, 66), (4, 5, 56)])
def test_all_shares_once(systems: int, grid: int, count: int) -> None:
    found = list(simplex(systems, grid))
    assert len(set(found)) == len(found) == count
    assert {sum(shares) for shares in found} == {grid}
    assert found[0][0] == grid


@pytest.fixture
def runs() -> dict[str, Run]:
    """`good` knows the answer, `bad` has it last, the first stage in between."""
    queries = [f"q{i}" for i in range(4)]
    return {
        "dense": {q: {"a": 3.0, "b": 2.0, "c": 1.0} for q in queries},
        "good": {q: {"b": 3.0, "a": 2.0, "c": 1.0} for q in queries},
        "bad": {q: {"c": 3.0, "a": 2.0, "b": 1.0} for q in queries},
    }


def test_learned_weights_prefer_what_ranks_the_learning_queries_best(runs: dict[str, Run]) -> None:
    qrels = {"q0": {"b": 1}, "q1": {"b": 1}}
    weights, score = learn_weights(runs, "dense", qrels, depth=10, grid=10, measure="ndcg_at_10")
    assert score == 1.0
    assert weights["good"] > weights["bad"]
    assert sum(weights.values()) == pytest.approx(1.0)
    fused = fuse(runs, "dense", ["q2"], depth=10, weights=weights)
    assert order(fused["q2"])[0] == "b"


def test_of_equal_weights_the_first_stage_keeps_most(runs: dict[str, Run]) -> None:
    weights, score = learn_weights(runs, "dense", {"q0": {"a": 1}}, depth=10, grid=10, measure="ndcg_at_10")
    assert weights == {"dense": 1.0, "bad": 0.0, "good": 0.0}
    assert score == 1.0


def test_the_learned_score_is_that_of_the_fused_ranking(runs: dict[str, Run]) -> None:
    qrels = {"q0": {"b": 1, "c": 1}, "q1": {"c": 1}}
    weights, score = learn_weights(runs, "dense", qrels, depth=3, grid=4, measure="ndcg_at_10")
    again = evaluate(fuse(runs, "dense", list(qrels), depth=3, weights=weights), qrels)
    assert score == pytest.approx(sum(s["ndcg_at_10"] for s in again.values()) / 2)


def test_only_the_head_is_fused(runs: dict[str, Run]) -> None:
    assert heads(runs["dense"], 2)["q0"] == ["a", "b"]
    fused = fuse_ranks({"dense": runs["dense"], "bad": runs["bad"]}, "dense", ["q0"], depth=2, k=60)
    assert order(fused["q0"]) == ["a", "b", "c"]
