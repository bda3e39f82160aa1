"""Exact and near duplicates by MinHash (datasketch), verified by the true Jaccard of word shingles."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHINGLE_WORDS = 5


class Duplicate(NamedTuple):
    """Two ids and the Jaccard similarity of their texts (1.0: the same words)."""

    first: str
    second: str
    jaccard: float


def words(text: str) -> list[str]:
    """Lower-cased word characters, the tokens of every comparison and of BM25."""
    return re.findall(r"\w+", text.lower())


def runs(tokens: list[str], size: int) -> Iterator[str]:
    """Word n-grams in the order of the text; a shorter text is one."""
    return (" ".join(tokens[i : i + size]) for i in range(max(1, len(tokens) - size + 1)))


def shingles(text: str, size: int = SHINGLE_WORDS) -> set[str]:
    """Distinct word n-grams."""
    return set(runs(words(text), size))


def jaccard(first: set[str], second: set[str]) -> float:
    """Size of the intersection over that of the union."""
    return len(first & second) / len(first | second) if first or second else 1.0


def digest(tokens: list[str]) -> bytes:
    """16 bytes that stand for the words of a text."""
    return hashlib.blake2b(" ".join(tokens).encode(), digest_size=16).digest()


def find_duplicates(texts: Mapping[str, str], threshold: float, seed: int) -> list[Duplicate]:
    """Pairs of ids whose texts' Jaccard is at least `threshold`, exact ones first.

    Linear in the number of texts: candidates come from locality-sensitive hashing at a slightly lower threshold, and
    each is verified exactly. Beside the texts, memory is a kilobyte of each.
    """
    if len(texts) < 2:
        return []
    from lexfit.corpus.sketches import Sketches  # noqa: PLC0415  (imports scipy)

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
        sketches.add(sorted(shingles(text)))
    known: tuple[int, set[str]] = (-1, set())
    for first_number, second_number in sketches.pairs().tolist():
        if known[0] != first_number:
            known = (first_number, shingles(texts[different[first_number]]))
        similarity = jaccard(known[1], shingles(texts[different[second_number]]))
        if similarity >= threshold:
            found.append(Duplicate(different[first_number], different[second_number], round(similarity, 4)))
    return sorted(found, key=lambda pair: (-pair.jaccard, pair.first, pair.second))
