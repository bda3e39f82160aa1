"""The five protocols: which queries train, which are held out, and the folds."""

from __future__ import annotations

import heapq
import random
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from lexfit.corpus.records import Query

NO_FOLD = -1  # of queries that always train
LONG = 1000  # digits, from which on a number in an id is text
FIRE_TRAIN = {f"AILA_Q{number}" for number in range(1, 11)}
FIRE_TEST = tuple(f"AILA_Q{number}" for number in range(11, 51))


def query_role(protocol: str, query: Query) -> str:
    """`train` or `test` for a query of the task under a protocol."""
    if protocol in {"kfold", "all_labels"}:
        return "train"
    if protocol == "zero_shot":
        return "test"
    if protocol == "fire2019":
        return "train" if query.id in FIRE_TRAIN else "test"
    return query.split


def claims(protocol: str, split: str) -> tuple[bool, str]:
    """Whether the final model's score on queries of `split` is clean, and why.

    Args:
        protocol: One of the five.
        split: `task` for the benchmark's own test queries, `test` for those the protocol holds out.
    """
    if protocol == "all_labels":
        return False, "contaminated: the model trained on these queries"
    if protocol == "kfold":
        return False, "contaminated: the final model trained on these queries; the claim is the out-of-fold score"
    if protocol == "fire2019" and split == "task":
        return False, "contaminated: AILA_Q1-Q10 trained the model; the claim of fire2019 is Q11-Q50"
    reason = {
        "zero_shot": "clean: no query and no judgement of the task was used",
        "holdout": "clean: the data set's own test queries were held out",
        "fire2019": "clean: trained on AILA_Q1-Q10 only",
    }[protocol]
    return True, reason


def assign_folds(labels: dict[str, set[str]], groups: list[list[str]], k: int, seed: int) -> dict[str, int]:
    """Folds by iterative stratification, so that rare labels spread (Sechidis et al. 2011, ECML PKDD).

    Args:
        labels: Relevant documents of each query.
        groups: Queries that must share a fold (near duplicates); every query is in one group.
        k: Number of folds.
        seed: Breaks ties.

    Raises:
        LexfitError: There are fewer groups than folds.
    """
    if k > len(groups):
        raise LexfitError(
            "params.yaml: crossval.folds",
            f"asks for {k} folds of {len(groups)} queries (near duplicates count once)",
            f"List at most {len(groups)} folds",
        )
    rng = random.Random(seed)
    units = [(group, set().union(*(labels[q] for q in group))) for group in groups]
    rng.shuffle(units)
    room = [len(labels) / k] * k
    having: dict[str, list[int]] = defaultdict(list)
    for number, (_, unit_labels) in enumerate(units):
        for label in unit_labels:
            having[label].append(number)
    left = {label: len(numbers) for label, numbers in having.items()}
    need = {label: [count / k] * k for label, count in left.items()}
    waiting = dict.fromkeys(range(len(units)))
    used: set[int] = set()
    folds: dict[str, int] = {}
    # The rarest label that is left, the first by name of equally rare ones; what has changed since is passed over.
    queue = [(count, label) for label, count in left.items()]
    heapq.heapify(queue)
    while waiting:
        while queue and (not queue[0][0] or queue[0][0] != left[queue[0][1]]):
            heapq.heappop(queue)
        rarest = queue[0][1] if queue else None
        chosen = [n for n in (waiting if rarest is None else having[rarest]) if n in waiting]
        for number in chosen:
            group, unit_labels = units[number]
            # An empty fold comes first while there are just enough units left to fill those.
            empty = [f for f in range(k) if f not in used]
            open_folds = [f for f in range(k) if room[f] >= 1] or list(range(k))
            options = empty if len(empty) >= len(waiting) else open_folds
            wish = need[rarest] if rarest is not None else room
            fold = max(options, key=lambda f: (wish[f], room[f], rng.random()))
            folds |= dict.fromkeys(group, fold)
            used.add(fold)
            room[fold] -= len(group)
            for label in unit_labels:
                need[label][fold] -= 1
                left[label] -= 1
                heapq.heappush(queue, (left[label], label))
            del waiting[number]
    return folds


def natural_key(key: str) -> list[tuple[int, int | str]]:
    """Sort key under which Q2 comes before Q10."""
    parts = [part for part in re.split(r"(\d+)", key) if part]
    return [(0, int(part)) if part.isdecimal() and len(part) < LONG else (1, part) for part in parts]
