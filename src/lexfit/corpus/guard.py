"""The guard between training and evaluation: no training query may be, or largely quote, an evaluation query.

Stages that train hold no evaluation text; they get hashes of its word n-grams, enough to refuse a
planted or leaked query and to name it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from lexfit.corpus.ngrams import words
from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Overlap(NamedTuple):
    """Two ids, the share of the shorter text's n-grams that both have, and the first shared one."""

    first: str
    second: str
    share: float
    shared: str


def grams(text: str, size: int, *, plain: bool = False) -> dict[str, str]:
    """Hash to n-gram (`plain`: n-gram to itself), in the order of the text; a shorter text than `size` words is one."""
    tokens = words(text)
    runs = (" ".join(tokens[i : i + size]) for i in range(max(1, len(tokens) - size + 1)))
    if plain:
        return {run: run for run in runs}
    return {hashlib.blake2b(run.encode(), digest_size=8).hexdigest(): run for run in runs}


def fingerprints(texts: dict[str, str], size: int) -> dict[str, Any]:
    """What a training stage gets to know of evaluation texts: n-gram hashes by id."""
    return {"words": size, "texts": {key: sorted(grams(text, size)) for key, text in texts.items()}}


def plain_prints(texts: dict[str, str], size: int) -> dict[str, Any]:
    """As `fingerprints`, of n-grams in words: four times as fast, where the texts may be known."""
    return {"words": size, "plain": True, "texts": {key: list(grams(t, size, plain=True)) for key, t in texts.items()}}


def overlaps(texts: dict[str, str], prints: dict[str, Any], share: float) -> list[Overlap]:
    """Pairs of a text and a fingerprint that share at least `share` of the shorter one's n-grams.

    Linear in the number of n-grams: an inverted index of the fingerprints' hashes is probed once each.
    """
    index: dict[str, list[str]] = defaultdict(list)
    for key, hashes in prints["texts"].items():
        for value in hashes:
            index[value].append(key)
    found = []
    for key, text in texts.items():
        own = grams(text, prints["words"], plain=prints.get("plain", False))
        hits: dict[str, list[str]] = defaultdict(list)
        for value in own:
            for other in index.get(value, ()):
                hits[other].append(value)
        for other, shared in hits.items():
            ratio = len(shared) / min(len(own), len(prints["texts"][other]))
            if ratio >= share:
                found.append(Overlap(key, other, round(ratio, 4), own[shared[0]]))
    return sorted(found, key=lambda o: (-o.share, o.first, o.second))


def refuse_leaks(texts: dict[str, str], prints: dict[str, Any], share: float, where: str) -> None:
    """Raise `LexfitError` naming the first training text that overlaps with an evaluation query."""
    for leak in overlaps(texts, prints, share):
        raise LexfitError(
            where,
            f"training query {leak.first!r} shares {leak.share:.0%} of its text with evaluation query "
            f"{leak.second!r} (“{leak.shared}”)",
            "Remove it from the training source, let it be dropped (data.train.NAME.overlap=drop), or choose a "
            "protocol that allows it (all_labels)",
        )


def check_training(train_queries: list[dict[str, Any]], guard: dict[str, Any], where: str) -> None:
    """Refuse training queries that are or quote a held-out query; called by every stage that trains or mines."""
    named = {q["id"] for q in train_queries if q["source"] == "task"} & set(guard["texts"])
    for query_id in sorted(named):
        raise LexfitError(
            where,
            f"evaluation query {query_id!r} is among the training queries",
            "Run `dvc repro pairs` anew",
        )
    if not guard["texts"]:
        return
    changed = [q for q in train_queries if q["clean_text"] != q["text"]]
    for key, queries in (("text", train_queries), ("clean_text", changed)):
        refuse_leaks({q["id"]: q[key] for q in queries}, guard, guard["share"], where)


def connected(ids: Iterable[str], pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Groups of ids joined by pairs, each in the order of `ids`."""
    order = list(ids)
    parent = {key: key for key in order}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for first, second in pairs:
        parent[root(first)] = root(second)
    groups: dict[str, list[str]] = defaultdict(list)
    for key in order:
        groups[root(key)].append(key)
    return list(groups.values())
