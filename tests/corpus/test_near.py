"""Probing an index is the same as comparing all pairs."""

from __future__ import annotations

import random

import pytest

from lexfit.corpus.near import NearIndex
from lexfit.corpus.ngrams import jaccard, runs, shingles, words

TEXT = "The tenant of a shop was put out of it by the landlord without notice after forty years and sued for damages"


def test_copies_parts_and_near_copies_are_told_apart() -> None:
    index = NearIndex({"q": TEXT, "other": "Something else entirely happened to another man in the village"}, 5, 0.5, 0)
    (same,) = index.probe(TEXT.upper() + "!", 0.1)
    assert (same.key, same.exact, same.of_indexed, same.of_probe, same.jaccard) == ("q", True, 1.0, 1.0, 1.0)
    (part,) = index.probe(" ".join(TEXT.split()[:10]), 0.1)
    assert (part.exact, part.of_probe, part.jaccard) == (False, 1.0, 0.0)
    assert part.of_indexed == pytest.approx(6 / 18, abs=1e-4)
    assert part.shared == "the tenant of a shop"
    reworded = TEXT.replace("damages", "redress")
    (near,) = index.probe(reworded, 0.99)
    assert near.jaccard == pytest.approx(jaccard(shingles(TEXT), shingles(reworded)), abs=1e-4)
    assert index.probe("A man who has nothing to do with any of that", 0.1) == []


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_those_of_all_pairs(seed: int) -> None:
    rng = random.Random(seed)
    texts = {f"e{i}": " ".join(rng.choice("abcde") for _ in range(rng.randint(3, 60))) for i in range(20)}
    probes = [" ".join(rng.choice("abcde") for _ in range(rng.randint(3, 60))) for _ in range(20)] + [texts["e3"]]
    index = NearIndex(texts, 4, 0.6, seed)
    for probe in probes:
        expected = {}
        own = set(runs(words(probe), 4))
        for key, text in texts.items():
            other = set(runs(words(text), 4))
            shares = (len(own & other) / len(other), len(own & other) / len(own))
            similar = jaccard(shingles(probe), shingles(text))
            if max(shares) >= 0.2 or similar >= 0.6:
                expected[key] = tuple(round(s, 4) for s in shares)
        assert {like.key: (like.of_indexed, like.of_probe) for like in index.probe(probe, 0.2)} == expected
