"""Exact and near duplicates by MinHash (datasketch), verified by the true Jaccard of word shingles."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datasketch import MinHash, MinHashLSH

SHINGLE_WORDS = 5
PERMUTATIONS = 128


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


def sketch(grams: set[str], seed: int) -> MinHash:
    """MinHash of a text's shingles."""
    from datasketch import MinHash  # noqa: PLC0415  (imports scipy)

    found = MinHash(num_perm=PERMUTATIONS, seed=seed)
    found.update_batch([gram.encode() for gram in sorted(grams)])
    return found


def lsh_index(threshold: float) -> MinHashLSH:
    """An empty index for candidates of at least a Jaccard similarity.

    It is weighted against misses: a false candidate only costs one exact comparison.
    """
    from datasketch import MinHashLSH  # noqa: PLC0415  (imports scipy)

    return MinHashLSH(threshold=max(0.1, threshold - 0.1), num_perm=PERMUTATIONS, weights=(0.1, 0.9))


def find_duplicates(texts: dict[str, str], threshold: float, seed: int) -> list[Duplicate]:
    """Pairs of ids whose texts' Jaccard is at least `threshold`, exact ones first.

    Linear in the number of texts: candidates come from locality-sensitive hashing (Broder 1997; Indyk
    and Motwani 1998) at a slightly lower threshold, and each is verified exactly.
    """
    if len(texts) < 2:
        return []
    index = lsh_index(threshold)
    grams: dict[str, set[str]] = {}
    exact: dict[str, list[str]] = defaultdict(list)
    found: list[Duplicate] = []
    for key, text in texts.items():
        normal = " ".join(words(text))
        if exact[normal]:
            found.append(Duplicate(exact[normal][0], key, 1.0))
            exact[normal].append(key)
            continue
        exact[normal].append(key)
        grams[key] = shingles(text)
        own = sketch(grams[key], seed)
        for other in sorted(index.query(own)):
            similarity = jaccard(grams[key], grams[other])
            if similarity >= threshold:
                found.append(Duplicate(other, key, round(similarity, 4)))
        index.insert(key, own)
    return sorted(found, key=lambda pair: (-pair.jaccard, pair.first, pair.second))
