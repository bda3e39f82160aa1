"""Averages of fold models' weights, for what none of them saw; taken only where inner folds say that they help."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from lexfit.evaluation.runs import Run


class Choice(NamedTuple):
    """What was chosen: the single model (`share` None), or the soup at this share between base and tuned weights."""

    share: float | None
    scores: dict[str, float]


def ingredients(excluded: frozenset[int], folds: Sequence[int]) -> list[frozenset[int]]:
    """The trainings whose weights are averaged: that without `excluded`, and those without one more fold.

    None of them saw a query of `excluded`; one without any fold to train on isn't there.
    """
    more = [excluded | {fold} for fold in folds if fold not in excluded]
    return [excluded, *(own for own in more if set(folds) - own)]


def mean_state(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each parameter: a uniform soup (Wortsman et al. 2022, arXiv 2203.05482)."""
    return {
        name: (sum(state[name].double() for state in states) / len(states)).to(value.dtype)  # type: ignore[union-attr]
        for name, value in states[0].items()
    }


def choose(
    excluded: frozenset[int],
    fold_of: Mapping[str, int],
    single: Callable[[frozenset[int]], Run],
    soup: Callable[[frozenset[int], float], Run],
    *,
    shares: Sequence[float],
    score: Callable[[Run], float],
) -> Choice:
    """Single model or soup, by the folds that aren't left out, each ranked by models that didn't see it either.

    Args:
        excluded: Folds that nothing here may have seen.
        fold_of: Fold by query.
        single: The ranking of the queries of the folds that a training left out.
        soup: The same by the soup for those folds, at a share between base and tuned weights.
        shares: To choose among.
        score: Of a ranking of some queries.

    Returns:
        The best mean score; of equal ones the single model, then the smaller share.
    """
    inner = sorted(set(fold_of.values()) - excluded)

    def pooled(ranked: Callable[[frozenset[int]], Run]) -> float:
        run: Run = {}
        for fold in inner:
            run |= {q: s for q, s in ranked(excluded | {fold}).items() if fold_of[q] == fold}
        return score(run)

    scores = {"single": pooled(single)}
    best, chosen = scores["single"], None
    for share in sorted(shares):
        value = scores[f"soup {share}"] = pooled(lambda own, share=share: soup(own, share))  # type: ignore[misc]
        if value > best + 1e-9:
            best, chosen = value, share
    return Choice(chosen, scores)
