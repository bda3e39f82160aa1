"""No teacher has seen the query that it judges, nor the fold that the student leaves out."""

from __future__ import annotations

import pytest

from lexfit.evaluation.runs import Run
from lexfit.second_stage.teachers import averaged, lessons

FOLD_OF = {f"q{i}": i % 3 for i in range(6)}


def test_teachers_are_the_models_without_both_folds() -> None:
    asked: list[frozenset[int]] = []

    def run_of(excluded: frozenset[int]) -> Run:
        asked.append(excluded)
        return {q: {"a": 2.0, "b": 1.0} for q, fold in FOLD_OF.items() if fold in excluded}

    scores = lessons(frozenset({1}), FOLD_OF, {"dense": run_of}, ["a", "b"])
    assert set(scores) == {q for q, fold in FOLD_OF.items() if fold != 1}
    assert set(asked) == {frozenset({0, 1}), frozenset({1, 2})}
    asked.clear()
    assert set(lessons(frozenset(), FOLD_OF, {"dense": run_of}, ["a", "b"])) == set(FOLD_OF)
    assert set(asked) == {frozenset({fold}) for fold in range(3)}


def test_scores_are_the_mean_of_standardised_ones() -> None:
    found = averaged([{"a": 10.0, "b": 0.0}, {"a": 1.0, "b": 3.0}], ["a", "b"])
    assert found == pytest.approx({"a": 0.0, "b": 0.0})
    assert averaged([{"a": 10.0, "b": 0.0}], ["a", "b"]) == pytest.approx({"a": 1.0, "b": -1.0})
