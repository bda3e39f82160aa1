"""Intervals and tests over queries: percentile bootstrap and sign-flip permutation, through scipy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexfit.config import EvaluationParams


@dataclass(frozen=True)
class Interval:
    """A mean and its percentile bootstrap interval."""

    mean: float
    low: float
    high: float


def mean_interval(values: Sequence[float], params: EvaluationParams, seed: int) -> Interval:
    """The mean of per-query scores with its percentile bootstrap interval, resampled over queries.

    Args:
        values: One score a query, shape (queries,).
        params: `bootstrap` resamples at level `confidence`.
        seed: Of the resampling.
    """
    array = np.asarray(values, dtype=float)
    mean = float(array.mean())
    if len(array) < 2 or np.ptp(array) == 0:
        return Interval(mean, mean, mean)
    result = stats.bootstrap(
        (array,),
        np.mean,
        n_resamples=params.bootstrap,
        confidence_level=params.confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
        batch=1000,
    )
    return Interval(mean, float(result.confidence_interval.low), float(result.confidence_interval.high))


def permutation_p(differences: Sequence[float], params: EvaluationParams, seed: int) -> float:
    """Two-sided p-value of a paired randomisation test (Smucker et al. 2007, CIKM): signs flip at random.

    With few queries scipy enumerates all sign patterns; the p-value of a sampled test is never 0, and that of a
    single query is 1.
    """
    array = np.asarray(differences, dtype=float)
    if len(array) < 2 or not array.any():
        return 1.0
    result = stats.permutation_test(
        (array,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=params.permutations,
        alternative="two-sided",
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for testing several hypotheses at once, in their order (Holm 1979, Scand. J. Stat. 6:65)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * p_values[index]))
        adjusted[index] = highest
    return adjusted
