"""sentence-transformers' triplet loss on a positive and one mined negative, which is never a known positive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentence_transformers.sentence_transformer import losses

if TYPE_CHECKING:
    from torch import Tensor


class MinedTripletLoss(losses.TripletLoss):
    """`TripletLoss` by Euclidean distance, each triplet weighted as its negative is.

    Args:
        margin: By which the negative must be further away than the positive.
    """

    def __init__(self, margin: float) -> None:
        super().__init__(model=None, triplet_margin=margin)

    def compute_loss_from_embeddings(
        self, embeddings: list[Tensor], labels: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """The loss of one batch.

        Args:
            embeddings: Anchors, positives and negatives, each of shape (batch, dimension).
            labels: Unused: what is a positive and what a negative is their place.
            weights: Of the triplets, shape (batch, 1); the mean is weighted by them.
        """
        if weights is None:
            value: Tensor = super().compute_loss_from_embeddings(embeddings, labels)
            return value
        rows = [[e[i : i + 1] for e in embeddings] for i in range(len(labels))]
        each = [super(MinedTripletLoss, self).compute_loss_from_embeddings(row, labels) for row in rows]
        total: Tensor = sum(w * e for w, e in zip(weights[:, 0], each, strict=True)) / weights.sum()
        return total
