"""Intervals cover, p-values are calibrated, seeds repeat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lexfit.config import EvaluationParams, Params
from lexfit.evaluation.significance import holm, mean_interval, permutation_p


@pytest.fixture
def params(make_params: Callable[..., Params]) -> EvaluationParams:
    return make_params("evaluation.bootstrap=1000", "evaluation.permutations=1000").evaluation


def test_interval_covers_the_true_mean_about_as_often_as_it_says(params: EvaluationParams) -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        interval = mean_interval(rng.beta(2, 3, size=50).tolist(), params, trial)
        hits += interval.low <= 0.4 <= interval.high
    assert 0.88 <= hits / 200 <= 0.99


def test_interval_shrinks_with_confidence(make_params: Callable[..., Params]) -> None:
    values = np.random.default_rng(1).random(40).tolist()
    wide = mean_interval(values, make_params().evaluation, 1)
    narrow = mean_interval(values, make_params("evaluation.confidence=0.5").evaluation, 1)
    assert wide.low < narrow.low < narrow.mean < narrow.high < wide.high


def test_p_values_are_uniform_under_no_difference(params: EvaluationParams) -> None:
    rng = np.random.default_rng(2)
    ps = [permutation_p(rng.normal(size=30).tolist(), params, i) for i in range(200)]
    assert 0.02 <= np.mean(np.array(ps) < 0.05) <= 0.10


def test_p_value_of_few_queries_is_exact(params: EvaluationParams) -> None:
    assert permutation_p([0.1, 0.2, 0.3], params, 0) == pytest.approx(2 / 8)


def test_no_difference_at_all(params: EvaluationParams) -> None:
    assert permutation_p([0.0] * 10, params, 0) == 1.0
    interval = mean_interval([0.3] * 5, params, 0)
    assert interval.low == interval.mean == interval.high == pytest.approx(0.3)


def test_same_seed_same_interval(params: EvaluationParams) -> None:
    values = np.random.default_rng(3).random(20).tolist()
    assert mean_interval(values, params, 5) == mean_interval(values, params, 5)


def test_holm_multiplies_the_smallest_by_all_and_never_falls() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_one_query_proves_nothing(params: EvaluationParams) -> None:
    assert permutation_p([0.7], params, 1) == 1.0
