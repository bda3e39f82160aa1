"""A soup holds no model that saw what it ranks, is the mean of its parts, and must be better on inner folds."""

from __future__ import annotations

import torch

from lexfit.evaluation.runs import Run
from lexfit.second_stage.soups import choose, ingredients, mean_state

FOLD_OF = {f"q{i}": i % 3 for i in range(6)}


def test_no_ingredient_saw_what_the_soup_ranks() -> None:
    assert ingredients(frozenset({1}), [0, 1, 2]) == [{1}, {0, 1}, {1, 2}]
    assert ingredients(frozenset(), [0, 1]) == [set(), {0}, {1}]
    assert ingredients(frozenset({0, 1}), [0, 1, 2]) == [{0, 1}]


def test_the_mean_of_weights() -> None:
    states = [{"w": torch.tensor([1.0, 2.0])}, {"w": torch.tensor([3.0, 6.0])}]
    assert mean_state(states)["w"].tolist() == [2.0, 4.0]
    assert mean_state(states)["w"].dtype == torch.float32
    assert torch.equal(mean_state(states[:1])["w"], states[0]["w"])


def test_the_choice_is_by_inner_folds_alone() -> None:
    asked: list[frozenset[int]] = []

    def single(excluded: frozenset[int]) -> Run:
        asked.append(excluded)
        return {q: {"d": 1.0} for q, fold in FOLD_OF.items() if fold in excluded}

    def soup(excluded: frozenset[int], share: float) -> Run:
        asked.append(excluded)
        return {q: {"d": 1.0 + share} for q, fold in FOLD_OF.items() if fold in excluded}

    def score(run: Run) -> float:
        assert all(FOLD_OF[q] != 2 for q in run)
        assert len(run) == 4
        return sum(s["d"] for s in run.values())

    choice = choose(frozenset({2}), FOLD_OF, single, soup, shares=[0.5, 1.0], score=score)
    assert choice.share == 1.0
    assert choice.scores == {"single": 4.0, "soup 0.5": 6.0, "soup 1.0": 8.0}
    assert all(2 in excluded and len(excluded) == 2 for excluded in asked)


def test_of_equals_the_single_model_is_taken() -> None:
    def run_of(excluded: frozenset[int], share: float = 0.0) -> Run:
        del share
        return {q: {"d": 1.0} for q, fold in FOLD_OF.items() if fold in excluded}

    assert choose(frozenset(), FOLD_OF, run_of, run_of, shares=[1.0], score=len).share is None
