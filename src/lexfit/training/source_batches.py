"""Batches of one source each, when several train: how many of an epoch's each source has, and in which order."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers.base.sampler import MultiDatasetDefaultBatchSampler

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def batch_counts(rows: Sequence[int], weights: Sequence[float], temperature: float, total: int) -> list[int]:
    """Batches of each source: `total` shared out as `(weight * rows) ** (1 / temperature)`, one each at least.

    Temperature sampling as in multilingual training (Arivazhagan et al. 2019, arXiv 1907.05019): 1 is in proportion
    to size, infinity the same for all. What rounding down leaves goes to the largest remainders.

    Args:
        rows: Of each source.
        weights: Of each source.
        temperature: At least 1 evens out; below 1 large sources take more than their share.
        total: Batches of an epoch.
    """
    masses = [(weight * count) ** (1 / temperature) for count, weight in zip(rows, weights, strict=True)]
    wanted = [total * mass / sum(masses) for mass in masses]
    counts = [max(1, int(share)) for share in wanted]
    by_remainder = sorted(range(len(rows)), key=lambda i: (counts[i] - wanted[i], i))
    for index in by_remainder[: max(0, total - sum(counts))]:
        counts[index] += 1
    return counts


class SourceBatchSampler(MultiDatasetDefaultBatchSampler):
    """Draws each batch from one source; a source that has run out begins anew, shuffled again.

    Args:
        dataset: The sources' rows, one after the other.
        batch_samplers: One for each source.
        weights: Of the sources, in their order.
        temperature: See `batch_counts`.
        kwargs: `generator` and `seed`, as the base class takes them.
    """

    def __init__(
        self, dataset: Any, batch_samplers: list[Any], *, weights: Sequence[float], temperature: float, **kwargs: Any
    ) -> None:
        super().__init__(dataset, batch_samplers, **kwargs)
        rows = [len(own) for own in dataset.datasets]
        self.counts = batch_counts(rows, weights, temperature, sum(len(sampler) for sampler in batch_samplers))

    def __iter__(self) -> Iterator[list[int]]:
        """Rows of each batch, by their place in the whole data set."""
        if self.generator and self.seed is not None:
            self.generator.manual_seed(self.seed + self.epoch)
        offsets = [0, *accumulate(len(own) for own in self.dataset.datasets)]
        order = [source for source, count in enumerate(self.counts) for _ in range(count)]
        iterators = [iter(sampler) for sampler in self.batch_samplers]
        for place in torch.randperm(len(order), generator=self.generator).tolist():
            source = order[place]
            batch = next(iterators[source], None)
            if batch is None:
                iterators[source] = iter(self.batch_samplers[source])
                batch = next(iterators[source])
            yield [row + offsets[source] for row in batch]

    def __len__(self) -> int:
        """Batches of an epoch."""
        return sum(self.counts)
