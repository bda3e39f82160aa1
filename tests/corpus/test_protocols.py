"""Roles and folds: each protocol holds out what it says, and rare labels spread."""

from __future__ import annotations

import random
import time
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


def slow_folds(labels: dict[str, set[str]], groups: list[list[str]], k: int, seed: int) -> dict[str, int]:
    """Iterative stratification with every count taken anew at each step."""
    rng = random.Random(seed)
    units = [(group, set().union(*(labels[q] for q in group))) for group in groups]
    rng.shuffle(units)
    room = [len(labels) / k] * k
    need = {label: [count / k] * k for label, count in Counter(x for _, ls in units for x in ls).items()}
    folds: dict[str, int] = {}
    while units:
        counts = Counter(label for _, own in units for label in own)
        rarest = min(counts, key=lambda label: (counts[label], label)) if counts else None
        for unit in [unit for unit in units if rarest is None or rarest in unit[1]]:
            empty = [f for f in range(k) if f not in folds.values()]
            options = empty if len(empty) >= len(units) else [f for f in range(k) if room[f] >= 1] or list(range(k))
            wish = need[rarest] if rarest is not None else room
            fold = max(options, key=lambda f: (wish[f], room[f], rng.random()))
            folds |= dict.fromkeys(unit[0], fold)
            room[fold] -= len(unit[0])
            for label in unit[1]:
                need[label][fold] -= 1
            units.remove(unit)
    return folds


@pytest.mark.parametrize("seed", range(20))
def test_folds_are_those_of_the_slow_way(seed: int) -> None:
    rng = random.Random(seed)
    ids = [f"q{i}" for i in range(rng.randint(8, 40))]
    labels = {q: set(rng.sample("abcdefghijkl", rng.randint(0, 4))) for q in ids}
    groups: list[list[str]] = []
    while rest := ids[sum(map(len, groups)) :]:
        groups.append(rest[: rng.choice((1, 1, 2, 3))])
    k = rng.randint(2, min(5, len(groups)))
    assert assign_folds(labels, groups, k, seed) == slow_folds(labels, groups, k, seed)


def test_thousands_of_queries_are_folded_at_once() -> None:
    rng = random.Random(0)
    ids = [f"q{i}" for i in range(6000)]
    labels = {q: {f"d{rng.randrange(200)}" for _ in range(3)} for q in ids}
    start = time.process_time()
    folds = assign_folds(labels, [ids[i : i + 2] for i in range(0, 6000, 2)], 5, 0)
    assert time.process_time() - start < 2
    assert [sum(v == f for v in folds.values()) for f in range(5)] == pytest.approx([1200] * 5, abs=4)
