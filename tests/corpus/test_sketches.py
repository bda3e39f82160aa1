"""Sorted arrays give what dicts of sets give: postings, and the candidates of datasketch's own index."""

from __future__ import annotations

import random

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from xxhash import xxh3_64_intdigest

from lexfit.corpus.ngrams import shingles
from lexfit.corpus.sketches import PERMUTATIONS, Postings, Sketches


@pytest.mark.parametrize("seed", range(4))
def test_postings_are_a_dict_of_lists(seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = rng.integers(2**64, size=40, dtype=np.uint64)
    hashes, owners = rng.choice(known, 200), np.sort(rng.integers(30, size=200)).astype(np.int32)
    expected: dict[int, list[int]] = {}
    for value, owner in zip(hashes.tolist(), owners.tolist(), strict=True):
        expected.setdefault(value, []).append(owner)
    postings = Postings(hashes, owners)
    asked = np.concatenate([known, rng.integers(2**64, size=5, dtype=np.uint64), np.array([0, 2**64 - 1], np.uint64)])
    found = list(postings.of(asked))
    assert found == [(place, owner) for place, value in enumerate(asked.tolist()) for owner in expected.get(value, [])]
    assert sorted(group.tolist() for group in postings.groups()) == sorted(v for v in expected.values() if len(v) > 1)


def test_without_texts_there_is_nothing_to_find() -> None:
    assert list(Postings(np.empty(0, np.uint64), np.empty(0, np.int32)).of(np.array([7], np.uint64))) == []
    sketches = Sketches(0.5, 0)
    assert sketches.pairs().shape == (0, 2)
    assert sketches.index().like(["a"]) == []


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.85])
def test_candidates_are_those_of_datasketch(threshold: float) -> None:
    rng = random.Random(5)
    words = [f"w{i}" for i in range(60)]
    bases = [rng.choices(words, k=50) for _ in range(15)]
    texts = []
    for base in bases * 4:
        edited = list(base)
        for _ in range(rng.randrange(8)):
            edited[rng.randrange(50)] = rng.choice(words)
        texts.append(shingles(" ".join(edited)))
    ours = Sketches(threshold, 3)
    theirs = MinHashLSH(threshold=max(0.1, threshold - 0.1), num_perm=PERMUTATIONS, weights=(0.1, 0.9))
    expected, own = [], []
    for number, grams in enumerate(texts):
        sketch = MinHash(num_perm=PERMUTATIONS, seed=3, hashfunc=lambda gram: xxh3_64_intdigest(gram) % 2**32)
        sketch.update_batch([gram.encode() for gram in sorted(grams)])
        expected += sorted([other, number] for other in theirs.query(sketch))
        theirs.insert(number, sketch)
        own.append(sketch)
        ours.add(grams)
    assert ours.pairs().tolist() == sorted(expected)
    assert len(expected) >= 10
    index = ours.index()
    assert [index.like(grams) for grams in texts] == [sorted(theirs.query(sketch)) for sketch in own]
