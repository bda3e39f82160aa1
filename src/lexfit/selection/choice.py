"""Choice of a member by inner scores alone, and what the choice is worth: pure functions of scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import mean, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lexfit.selection.folds import Score


@dataclass(frozen=True)
class Member:
    """One setting of a sweep: a recipe, after how many epochs, and an interpolation, scored under several seeds.

    `inner[seed][outer fold][query]` and `outer[seed][query]` are nDCG@10; `cost` orders members from simple to
    complex: trained parameters, steps, and how far the weights move from the base.
    """

    name: str
    epochs: int
    interpolation: float
    cost: tuple[float, ...]
    inner: dict[int, dict[int, dict[str, float]]]
    outer: dict[int, dict[str, float]]


def member(
    name: str, setting: tuple[int, float], cost: tuple[float, ...], by_seed: Mapping[int, Iterable[Score]]
) -> Member:
    """A member from the scores of its runs, one run a seed; `setting` is epochs and interpolation."""
    inner: dict[int, dict[int, dict[str, float]]] = {}
    outer: dict[int, dict[str, float]] = {}
    for seed, scores in by_seed.items():
        inner[seed], outer[seed] = {}, {}
        for score in scores:
            if score.setting != setting:
                continue
            if score.also_excluded is None:
                outer[seed][score.query_id] = score.value
            else:
                inner[seed].setdefault(score.also_excluded, {})[score.query_id] = score.value
    return Member(name, *setting, (*cost, setting[1]), inner, outer)


def standard_error(differences: Sequence[float]) -> float:
    """Of the mean of paired differences."""
    return stdev(differences) / math.sqrt(len(differences)) if len(differences) > 1 else 0.0


def choose(members: Sequence[Member], scores: Sequence[dict[str, float]]) -> int:
    """The simplest member whose mean is within one standard error of the best mean.

    The one-standard-error rule (Breiman et al. 1984, section 3.4.3), with the error of the paired difference to
    the best member: all members rank the same queries, and what makes a query hard for all of them says nothing
    about which is better.

    Args:
        members: Candidates.
        scores: Each one's score by query (or query and seed), all over the same keys.
    """
    means = [mean(s.values()) for s in scores]
    best = max(range(len(members)), key=lambda i: (means[i], [-c for c in members[i].cost], members[i].name))
    near = []
    for i, own in enumerate(scores):
        gap = [scores[best][key] - own[key] for key in scores[best]]
        if mean(gap) <= standard_error(gap):
            near.append(i)
    return min(near, key=lambda i: (members[i].cost, members[i].name))


@dataclass(frozen=True)
class Selection:
    """The winner, and the scores by query: nested, and without nesting for comparison; each a mean over seeds."""

    winner: int
    nested: dict[str, float]
    nested_by_seed: dict[int, float]
    chosen: dict[int, dict[int, int]]
    best_unnested: int
    unnested: dict[str, float]


def select(members: Sequence[Member]) -> Selection:
    """Choose by nested cross-validation (Varma and Simon 2006, BMC Bioinformatics 7:91).

    For each seed and outer fold the choice is made by the inner models, which never saw that fold; the chosen
    member's outer model ranks it. The winner is chosen by all inner scores of all seeds. Without nesting, one
    takes the member with the best out-of-fold score and reports just that score, which is too good.
    """
    seeds = sorted(members[0].inner)
    nested: dict[int, dict[str, float]] = {}
    chosen: dict[int, dict[int, int]] = {}
    for seed in seeds:
        nested[seed], chosen[seed] = {}, {}
        for fold in sorted(members[0].inner[seed]):
            chosen[seed][fold] = index = choose(members, [m.inner[seed][fold] for m in members])
            ranked = set(members[index].outer[seed]) - set(members[index].inner[seed][fold])
            nested[seed] |= {q: members[index].outer[seed][q] for q in ranked}
    pooled = [
        {f"{s}/{f}/{q}": v for s in seeds for f, by_query in m.inner[s].items() for q, v in by_query.items()}
        for m in members
    ]
    averaged = [_mean_over_seeds(m.outer, seeds) for m in members]
    best = max(range(len(members)), key=lambda i: mean(averaged[i].values()))
    return Selection(
        winner=choose(members, pooled),
        nested=_mean_over_seeds(nested, seeds),
        nested_by_seed={s: mean(nested[s].values()) for s in seeds},
        chosen=chosen,
        best_unnested=best,
        unnested=averaged[best],
    )


def _mean_over_seeds(by_seed: dict[int, dict[str, float]], seeds: Sequence[int]) -> dict[str, float]:
    return {q: mean(by_seed[s][q] for s in seeds) for q in sorted(by_seed[seeds[0]])}
