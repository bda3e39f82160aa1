"""Roles and folds: each protocol holds out what it says, and rare labels spread."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from lexfit.corpus.protocols import assign_folds, claims, natural_key, query_role
from lexfit.corpus.records import Query
from lexfit.errors import LexfitError


@pytest.mark.parametrize(
    ("protocol", "roles"),
    [
        ("holdout", ["train", "test"]),
        ("kfold", ["train", "train"]),
        ("all_labels", ["train", "train"]),
        ("zero_shot", ["test", "test"]),
        ("fire2019", ["train", "test"]),
    ],
)
def test_roles(protocol: str, roles: list[str]) -> None:
    queries = [Query("AILA_Q10", "x", "train"), Query("AILA_Q11", "y", "test")]
    assert [query_role(protocol, q) for q in queries] == roles


@pytest.mark.parametrize(
    ("protocol", "split", "clean"),
    [
        ("zero_shot", "task", True),
        ("kfold", "task", False),
        ("all_labels", "task", False),
        ("fire2019", "task", False),
        ("fire2019", "test", True),
        ("holdout", "test", True),
    ],
)
def test_claims_are_labelled(protocol: str, split: str, clean: bool) -> None:
    verdict, reason = claims(protocol, split)
    assert verdict is clean
    assert reason.startswith("clean" if clean else "contaminated")


def labels(n: int, seed: int) -> dict[str, set[str]]:
    rng = random.Random(seed)
    return {f"q{i}": {f"d{int(rng.paretovariate(0.8)) % 40}" for _ in range(rng.randrange(1, 6))} for i in range(n)}


def test_folds_are_even_and_labels_spread_better_than_at_random() -> None:
    wanted = labels(50, 1)
    folds = assign_folds(wanted, [[q] for q in wanted], 5, seed=7)
    sizes = Counter(folds.values())
    assert set(sizes) == set(range(5))
    assert max(sizes.values()) - min(sizes.values()) <= 3

    def alone(assigned: dict[str, int]) -> int:
        by_label: dict[str, set[int]] = {}
        for query, ls in wanted.items():
            for label in ls:
                by_label.setdefault(label, set()).add(assigned[query])
        counts = Counter(label for ls in wanted.values() for label in ls)
        return sum(len(fs) == 1 for label, fs in by_label.items() if counts[label] > 1)

    rng = random.Random(0)
    by_chance = [alone({q: rng.randrange(5) for q in wanted}) for _ in range(200)]
    assert alone(folds) <= sum(by_chance) / len(by_chance)


def test_groups_stay_together_and_seeds_repeat() -> None:
    wanted = labels(20, 2)
    groups = [["q0", "q1", "q2"], *([f"q{i}"] for i in range(3, 20))]
    folds = assign_folds(wanted, groups, 4, seed=1)
    assert folds["q0"] == folds["q1"] == folds["q2"]
    assert folds == assign_folds(wanted, groups, 4, seed=1)


def test_as_many_folds_as_queries_leaves_none_empty() -> None:
    wanted = labels(6, 3)
    assert sorted(assign_folds(wanted, [[q] for q in wanted], 6, seed=1).values()) == list(range(6))


def test_more_folds_than_queries_is_an_error() -> None:
    with pytest.raises(LexfitError, match=r"crossval\.folds: asks for 3 folds of 2 queries.*at most 2"):
        assign_folds({"a": {"x"}, "b": {"y"}}, [["a"], ["b"]], 3, seed=1)


def test_natural_order() -> None:
    assert sorted(["Q10", "Q2", "21A", "21"], key=natural_key) == ["21", "21A", "Q2", "Q10"]
