"""The choice never looks at the outer fold, prefers the simple within one error, and un-nested choice is optimistic."""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import mean

import pytest

from lexfit.selection.choice import Member, choose, member, select
from lexfit.selection.folds import Score

QUERIES = {f"q{i}": i % 5 for i in range(50)}


def make(name: str, cost: float, quality: float, noise: float, seeds: tuple[int, ...] = (1,)) -> Member:
    """A member whose every score is drawn around one quality."""
    rng = random.Random(name)
    by_seed = {}
    for seed in seeds:
        scores = []
        for query, fold in QUERIES.items():
            for other in [None, *(set(range(5)) - {fold})]:
                value = min(1.0, max(0.0, rng.gauss(quality, noise)))
                scores.append(Score(12, 1.0, query, fold, other, value))
        by_seed[seed] = scores
    return member(name, (12, 1.0), (cost,), by_seed)


def test_the_better_member_is_chosen_and_its_outer_scores_are_the_nested_ones() -> None:
    good, bad = make("good", 2.0, 0.6, 0.05), make("bad", 1.0, 0.3, 0.05)
    found = select([bad, good])
    assert found.winner == 1
    assert set(found.chosen[1].values()) == {1}
    assert found.nested == good.outer[1]
    assert mean(found.nested.values()) == pytest.approx(0.6, abs=0.03)


def test_within_one_standard_error_the_simpler_wins() -> None:
    simple, complex_ = make("simple", 1.0, 0.5, 0.2), make("complex", 2.0, 0.505, 0.2)
    assert choose([complex_, simple], [complex_.outer[1], simple.outer[1]]) == 1
    clearly = {q: v + 0.1 for q, v in simple.outer[1].items()}
    assert choose([complex_, simple], [clearly, simple.outer[1]]) == 0


def test_the_error_is_that_of_paired_differences() -> None:
    hard = {q: float(i % 2) for i, q in enumerate(QUERIES)}  # scores vary by 0 and 1 between queries…
    better = {q: v - 0.01 if v else v + 0.02 for q, v in hard.items()}
    members = [make("a", 1.0, 0.5, 0.1), make("b", 2.0, 0.5, 0.1)]
    # …but members differ by a steady hundredth, which no noise of the queries hides.
    assert choose(members, [hard, {q: v + 0.01 for q, v in hard.items()}]) == 1
    assert choose(members, [hard, better]) == 1


def test_the_outer_fold_never_takes_part_in_its_own_choice() -> None:
    one, other = make("one", 1.0, 0.5, 0.1), make("other", 2.0, 0.55, 0.1)
    before = select([one, other])
    # Whatever the outer scores are, the choices are the same: they are made before one looks at them.
    swapped = [replace(m, outer={1: {q: 1.0 - v for q, v in m.outer[1].items()}}) for m in (one, other)]
    after = select(swapped)
    assert after.chosen == before.chosen
    assert after.winner == before.winner
    # And the inner scores that choose for a fold hold no query of that fold.
    for fold, by_query in one.inner[1].items():
        assert {QUERIES[q] for q in by_query} == set(range(5)) - {fold}


def test_choosing_by_the_reported_score_is_optimistic_and_nesting_is_not() -> None:
    nested, unnested = [], []
    for trial in range(20):
        members = [make(f"{trial}/{i}", float(i), 0.5, 0.25) for i in range(12)]  # all equally good
        found = select(members)
        nested.append(mean(found.nested.values()))
        unnested.append(mean(found.unnested.values()))
    assert mean(nested) == pytest.approx(0.5, abs=0.015)
    assert mean(unnested) > 0.53


def test_seeds_are_averaged_by_query() -> None:
    found = select([make("only", 1.0, 0.5, 0.1, seeds=(1, 2, 3))])
    assert set(found.nested_by_seed) == {1, 2, 3}
    assert mean(found.nested.values()) == pytest.approx(mean(found.nested_by_seed.values()))
