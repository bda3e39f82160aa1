"""Contrastive losses, one a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from lexfit.config import LossParams
    from lexfit.training.losses.masked_mnrl import MaskedMultipleNegativesRankingLoss


def build_loss(params: LossParams, model: SentenceTransformer, relevance: Tensor) -> MaskedMultipleNegativesRankingLoss:
    """The loss that `loss.name` asks for.

    Args:
        params: Name and settings.
        model: The model to train.
        relevance: Known positives, boolean, shape (queries, documents).
    """
    from lexfit.training.losses.masked_mnrl import MaskedMultipleNegativesRankingLoss  # noqa: PLC0415

    return MaskedMultipleNegativesRankingLoss(
        model, relevance, temperature=params.temperature, symmetric=params.symmetric
    )
