"""MinHash of many texts in little memory: signatures by datasketch, its bands as sorted arrays.

A band of datasketch's own index is a dict of Python sets; of a million texts it takes tens of gigabytes, and a sorted
array of hashes twelve bytes a text and band. Candidates are those that `MinHashLSH` gives.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np
from xxhash import xxh3_64_intdigest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PERMUTATIONS = 128
SHARDS = 16
HALF = 2**32 - 1


class Postings:
    """Which owners have a 64-bit hash, as sorted arrays.

    Args:
        hashes: Shape (n,), uint64.
        owners: The owner of each, shape (n,), int32.
    """

    def __init__(self, hashes: np.ndarray, owners: np.ndarray) -> None:
        self.hashes = np.empty(len(hashes), np.uint64)
        self.owners = np.empty(len(hashes), np.int32)
        # By the leading bits, so that what sorting needs besides is a sixteenth of the whole.
        leading, filled = hashes.astype("<u8", copy=False).view(np.uint8)[7::8] >> 4, 0
        for shard in range(SHARDS):
            own = np.flatnonzero(leading == shard)
            own = own[np.argsort(hashes[own], kind="stable")]
            self.hashes[filled : filled + len(own)] = hashes[own]
            self.owners[filled : filled + len(own)] = owners[own]
            filled += len(own)

    def of(self, hashes: np.ndarray) -> Iterator[tuple[int, int]]:
        """Places in `hashes`, shape (m,), rising, with each owner of the hash that stands there, rising."""
        first = np.searchsorted(self.hashes, hashes)
        for place in np.flatnonzero(self.hashes.take(first, mode="clip") == hashes) if len(self.hashes) else ():
            last = np.searchsorted(self.hashes, hashes[place], side="right")
            for owner in self.owners[first[place] : last].tolist():
                yield int(place), owner

    def groups(self) -> Iterator[np.ndarray]:
        """The owners of each hash that has several, rising."""
        edges = np.flatnonzero(np.diff(self.hashes)) + 1
        starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(self.hashes)]])
        for several in np.flatnonzero(ends - starts > 1):
            yield self.owners[starts[several] : ends[several]]


def hashed(grams: Iterable[str]) -> Iterator[int]:
    """64 bits of each n-gram."""
    return (xxh3_64_intdigest(gram.encode()) for gram in grams)


class Sketches:
    """MinHash signatures of texts by number, for candidates of at least a Jaccard similarity.

    Bands are weighted against misses: a false candidate only costs one exact comparison (Broder 1997; Indyk and Motwani
    1998).

    Args:
        threshold: Least Jaccard similarity that counts.
        seed: Of the permutations.
    """

    def __init__(self, threshold: float, seed: int) -> None:
        from datasketch import MinHash, MinHashLSH  # noqa: PLC0415  (imports scipy)

        self._empty = MinHash(num_perm=PERMUTATIONS, seed=seed, hashfunc=int)
        index = MinHashLSH(threshold=max(0.1, threshold - 0.1), num_perm=PERMUTATIONS, weights=(0.1, 0.9))
        self._ranges = index.hashranges
        # A band's rows become one hash by odd multipliers; two different bands that agree by chance are one more
        # false candidate.
        self._mix = np.random.default_rng(seed).integers(2**63, size=PERMUTATIONS, dtype=np.uint64) * 2 + 1
        self._signatures = array("I")

    def __len__(self) -> int:
        return len(self._signatures) // PERMUTATIONS

    def signature(self, grams: Iterable[str]) -> np.ndarray:
        """Of a text's shingles, shape (128,), uint32; of no shingles, all of the largest number."""
        sketch = self._empty.copy()
        sketch.update_batch([number & HALF for number in hashed(grams)])
        found: np.ndarray = sketch.hashvalues
        return found

    def add(self, grams: Iterable[str]) -> None:
        """Take the next text."""
        self._signatures.frombytes(self.signature(grams).astype(np.uint32).tobytes())

    def pairs(self) -> np.ndarray:
        """Candidates among the texts, each once: numbers of two, the smaller first, shape (pairs, 2), sorted."""
        found = [np.empty(0, np.int64)]
        for band in self.bands():
            several = []
            for owners in band.groups():
                first, second = np.triu_indices(len(owners), 1)
                several.append(owners[first].astype(np.int64) * len(self) + owners[second])
            if several:
                found.append(np.unique(np.concatenate(several)))
        return np.stack(np.divmod(np.unique(np.concatenate(found)), max(1, len(self))), axis=1)

    def hashes(self, signatures: np.ndarray) -> Iterator[np.ndarray]:
        """By band, a hash of each signature's rows, shape (signatures,), from signatures of shape (signatures, 128)."""
        for start, end in self._ranges:
            yield (signatures[:, start:end] * self._mix[start:end]).sum(axis=1, dtype=np.uint64)

    def bands(self) -> Iterator[Postings]:
        """By band, which of the texts have a hash."""
        signatures = np.frombuffer(self._signatures, np.uint32).reshape(-1, PERMUTATIONS)
        numbers = np.arange(len(signatures), dtype=np.int32)
        for own in self.hashes(signatures):
            yield Postings(own, numbers)

    def index(self) -> SketchIndex:
        """An index of the texts taken so far, for others to be compared with; the signatures are given up."""
        bands = list(self.bands())
        self._signatures = array("I")
        return SketchIndex(self, bands)


class SketchIndex:
    """Texts that others are compared with, see `Sketches.index`."""

    def __init__(self, sketches: Sketches, bands: list[Postings]) -> None:
        self._sketches, self._bands = sketches, bands

    def like(self, grams: Iterable[str]) -> list[int]:
        """Numbers of the texts that are candidates for another text, rising."""
        found: set[int] = set()
        for band, own in zip(self._bands, self._sketches.hashes(self._sketches.signature(grams)[None]), strict=True):
            found.update(owner for _, owner in band.of(own))
        return sorted(found)
