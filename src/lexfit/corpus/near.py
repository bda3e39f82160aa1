"""How a text overlaps with a fixed set of others: exactly, in word n-grams both ways, and by MinHash."""

from __future__ import annotations

from array import array
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lexfit.corpus.ngrams import SHINGLE_WORDS, digest, jaccard, runs, shingles, words
from lexfit.corpus.sketches import Postings, Sketches, hashed

if TYPE_CHECKING:
    from collections.abc import Collection


class Likeness(NamedTuple):
    """What a probed text shares with one of the index.

    `of_indexed` and `of_probe` are the shares of each text's word n-grams that the other has; `jaccard` is that of
    their shingles, 0.0 below the threshold.
    """

    key: str
    exact: bool
    of_indexed: float
    of_probe: float
    jaccard: float
    shared: str


def hashes_of(grams: Collection[str]) -> np.ndarray:
    """64 bits of each n-gram, shape (n-grams,), uint64."""
    return np.fromiter(hashed(grams), np.uint64, len(grams))


class NearIndex:
    """Texts against which others are probed; memory is that of the indexed texts alone.

    A probe is linear in its own length: each n-gram is looked up once, and MinHash asks only for those indexed texts
    that fall into one of its bands, each then verified exactly. What an n-gram is looked up by are 64 bits of it, so
    that of a million texts it takes twelve bytes an n-gram.
    """

    def __init__(self, texts: dict[str, str], size: int, threshold: float, seed: int) -> None:
        """Index texts.

        Args:
            texts: Text by key.
            size: Words of an n-gram; a shorter text is one n-gram.
            threshold: Least Jaccard of 5-word shingles that makes near duplicates.
            seed: Of the permutations.
        """
        self.size, self.threshold = size, threshold
        self.keys, self.texts = list(texts), list(texts.values())
        self.exact: dict[bytes, list[int]] = defaultdict(list)
        self.counts = array("i")  # distinct n-grams of each text
        sketches, grams = Sketches(threshold, seed), array("Q")
        for number, text in enumerate(self.texts):
            tokens = words(text)
            self.exact[digest(tokens)].append(number)
            own = set(runs(tokens, size))
            self.counts.append(len(own))
            grams.extend(hashed(own))
            sketches.add(set(runs(tokens, SHINGLE_WORDS)))
        self.sketches = sketches.index()
        owners = np.repeat(np.arange(len(self.counts), dtype=np.int32), self.counts)
        self.grams = Postings(np.frombuffer(grams, np.uint64), owners)

    def probe(self, text: str, share: float) -> list[Likeness]:
        """Indexed texts that are the same words, share `share` of the n-grams of either, or are near duplicates."""
        tokens = words(text)
        own = list(dict.fromkeys(runs(tokens, self.size)))
        shared: dict[int, list[int]] = defaultdict(list)
        for place, number in self.grams.of(hashes_of(own)):
            shared[number].append(place)
        near = self._near(set(runs(tokens, SHINGLE_WORDS)))
        same = self.exact.get(digest(tokens), [])
        found = []
        for number in dict.fromkeys([*same, *shared, *near]):
            places = shared.get(number, [])
            of_indexed, of_probe = len(places) / self.counts[number], len(places) / len(own)
            if number in same or number in near or max(of_indexed, of_probe) >= share:
                found.append(
                    Likeness(
                        self.keys[number],
                        number in same,
                        round(of_indexed, 4),
                        round(of_probe, 4),
                        round(near.get(number, 0.0), 4),
                        own[places[0]] if places else "",
                    )
                )
        return found

    def _near(self, grams: set[str]) -> dict[int, float]:
        similar = {n: jaccard(grams, shingles(self.texts[n])) for n in self.sketches.like(grams)}
        return {number: value for number, value in similar.items() if value >= self.threshold}
