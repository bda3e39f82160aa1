"""Exact and near duplicates by MinHash (datasketch), verified by the true Jaccard of word shingles."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lexfit.corpus.ngrams import digest, jaccard, shingles, words
from lexfit.corpus.sketches import Sketches

if TYPE_CHECKING:
    from collections.abc import Mapping


class Duplicate(NamedTuple):
    """Two ids and the Jaccard similarity of their texts (1.0: the same words)."""

    first: str
    second: str
    jaccard: float


def find_duplicates(texts: Mapping[str, str], threshold: float, seed: int) -> list[Duplicate]:
    """Pairs of ids whose texts' Jaccard is at least `threshold`, exact ones first.

    Linear in the number of texts: candidates come from locality-sensitive hashing at a slightly lower threshold, and
    each is verified exactly. Beside the texts, memory is a kilobyte of each.
    """
    if len(texts) < 2:
        return []
    sketches = Sketches(threshold, seed)
    exact: dict[bytes, str] = {}
    different: list[str] = []
    found: list[Duplicate] = []
    for key, text in texts.items():
        first = exact.setdefault(digest(words(text)), key)
        if first != key:
            found.append(Duplicate(first, key, 1.0))
            continue
        different.append(key)
        sketches.add(shingles(text))
    known: tuple[int, set[str]] = (-1, set())
    for first_number, second_number in sketches.pairs().tolist():
        if known[0] != first_number:
            known = (first_number, shingles(texts[different[first_number]]))
        similarity = jaccard(known[1], shingles(texts[different[second_number]]))
        if similarity >= threshold:
            found.append(Duplicate(different[first_number], different[second_number], round(similarity, 4)))
    return sorted(found, key=lambda pair: (-pair.jaccard, pair.first, pair.second))
