"""How a text overlaps with a fixed set of others: exactly, in word n-grams both ways, and by MinHash."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from lexfit.corpus.duplicates import jaccard, lsh_index, runs, shingles, sketch, words


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


class NearIndex:
    """Texts against which others are probed; memory is that of the indexed texts alone.

    A probe is linear in its own length: each n-gram is looked up once, and MinHash asks only for those indexed texts
    that fall into one of its bands (Broder 1997; Indyk and Motwani 1998), each then verified exactly.
    """

    def __init__(self, texts: dict[str, str], size: int, threshold: float, seed: int) -> None:
        """Index texts.

        Args:
            texts: Text by key.
            size: Words of an n-gram; a shorter text is one n-gram.
            threshold: Least Jaccard of 5-word shingles that makes near duplicates.
            seed: Of the permutations.
        """
        self.size, self.threshold, self.seed = size, threshold, seed
        self.exact: dict[str, list[str]] = defaultdict(list)
        self.grams: dict[str, list[str]] = defaultdict(list)
        self.counts: dict[str, int] = {}
        self.shingles: dict[str, set[str]] = {}
        self.known: set[str] = set()
        self.lsh = lsh_index(threshold)
        for key, text in texts.items():
            tokens = words(text)
            self.exact[" ".join(tokens)].append(key)
            own = set(runs(tokens, size))
            self.counts[key] = len(own)
            for gram in own:
                self.grams[gram].append(key)
            self.shingles[key] = shingles(text)
            self.known |= self.shingles[key]
            self.lsh.insert(key, sketch(self.shingles[key], seed))

    def probe(self, text: str, share: float) -> list[Likeness]:
        """Indexed texts that are the same words, share `share` of the n-grams of either, or are near duplicates."""
        tokens = words(text)
        own = dict.fromkeys(runs(tokens, self.size))
        hits: dict[str, list[str]] = defaultdict(list)
        for gram in own:
            for key in self.grams.get(gram, ()):
                hits[key].append(gram)
        near = self._near(text)
        same = self.exact.get(" ".join(tokens), [])
        found = []
        for key in dict.fromkeys([*same, *hits, *near]):
            shared = hits.get(key, [])
            of_indexed, of_probe = len(shared) / self.counts[key], len(shared) / len(own)
            if key in same or key in near or max(of_indexed, of_probe) >= share:
                found.append(
                    Likeness(
                        key,
                        key in same,
                        round(of_indexed, 4),
                        round(of_probe, 4),
                        round(near.get(key, 0.0), 4),
                        shared[0] if shared else "",
                    )
                )
        return found

    def _near(self, text: str) -> dict[str, float]:
        grams = shingles(text)
        if grams.isdisjoint(self.known):  # no Jaccard above 0, so no sketch is needed
            return {}
        similar = {key: jaccard(grams, self.shingles[key]) for key in self.lsh.query(sketch(grams, self.seed))}
        return {key: value for key, value in sorted(similar.items()) if value >= self.threshold}
