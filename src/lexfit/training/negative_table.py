"""The mined negatives of each training query, which may be mined anew while the model trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence


class NegativeTable(nn.Module):
    """Passages and weights by query, padded with -1; part of a training's state, so a checkpoint holds it.

    Args:
        negatives: For each query, mined passages with weights, best first.
        width: Room for a query's negatives; more are cut off.
    """

    passages: Tensor
    weights: Tensor

    def __init__(self, negatives: Sequence[Sequence[tuple[int, float]]], width: int) -> None:
        super().__init__()
        self.register_buffer("passages", torch.full((len(negatives), width), -1))
        self.register_buffer("weights", torch.ones(len(negatives), width))
        self.replace(negatives)

    def replace(self, negatives: Sequence[Sequence[tuple[int, float]]]) -> None:
        """Put other negatives in the place of all that are held."""
        self.passages.fill_(-1)
        self.weights.fill_(1.0)
        for row, found in enumerate(negatives):
            for column, (passage, weight) in enumerate(found[: self.passages.shape[1]]):
                self.passages[row, column] = passage
                self.weights[row, column] = weight

    def draw(self, queries: Tensor, positives: Tensor, used: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Negatives of a batch's pairs: a query's rotate over its pairs, and repeat where there are too few.

        A query without any gets its pair's own positive, which the losses mask.

        Args:
            queries: Shape (pairs,).
            positives: Passages, shape (pairs,).
            used: How many of its query's negatives the pairs before have used, shape (pairs,).
            count: Negatives for each pair.

        Returns:
            Passages and weights, each of shape (pairs, count).
        """
        rows, weights = self.passages[queries], self.weights[queries]  # (pairs, width)
        available = (rows >= 0).sum(dim=1, keepdim=True)  # (pairs, 1)
        columns = (used[:, None] + torch.arange(count, device=used.device)) % available.clamp(min=1)
        none = available == 0
        drawn = torch.where(none, positives[:, None], rows.gather(1, columns))
        return drawn, torch.where(none, torch.ones_like(columns, dtype=weights.dtype), weights.gather(1, columns))
