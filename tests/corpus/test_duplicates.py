"""Near duplicates: hashing finds what the exact comparison of all pairs finds."""

from __future__ import annotations

import random
from itertools import combinations

from lexfit.corpus.duplicates import find_duplicates
from lexfit.corpus.ngrams import jaccard, shingles


def test_exact_duplicates_ignore_case_and_punctuation() -> None:
    found = find_duplicates(
        {"a": "The State shall not deny.", "b": "the state, shall NOT deny", "c": "Other words here."}, 0.8, 1
    )
    assert [(d.first, d.second, d.jaccard) for d in found] == [("a", "b", 1.0)]


def test_lsh_agrees_with_all_pairs() -> None:
    rng = random.Random(3)
    vocabulary = [f"w{i}" for i in range(400)]
    texts = {}
    for i in range(40):
        base = rng.choices(vocabulary, k=120)
        texts[f"{i}"] = " ".join(base)
        edited = list(base)
        for _ in range(rng.randrange(1, 12)):
            edited[rng.randrange(120)] = rng.choice(vocabulary)
        texts[f"{i}'"] = " ".join(edited)
    grams = {k: shingles(t) for k, t in texts.items()}
    expected = {(a, b) for a, b in combinations(texts, 2) if jaccard(grams[a], grams[b]) >= 0.6}
    found = {(d.first, d.second) for d in find_duplicates(texts, 0.6, 1)}
    assert found == expected
    assert 5 < len(expected) < 40
