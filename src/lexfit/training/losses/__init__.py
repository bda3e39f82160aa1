"""Contrastive losses, one a file, and the choice of one by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from lexfit.config import LossParams, Similarity
    from lexfit.training.batches import TrainingData


def teacher_of(params: LossParams) -> str | None:
    """The other ranker that a loss learns from, `bm25` or `base`, or None."""
    if params.name in {"gist", "margin_mse", "distill_kl"}:
        return params.teacher
    return params.soft_labels if params.name == "corpus_softmax" and params.soft_labels != "none" else None


def build_objective(
    params: LossParams, data: TrainingData, teacher: Callable[[str], Tensor], similarity: Similarity
) -> nn.Module:
    """The loss that `loss.name` asks for, over embeddings.

    Args:
        params: Name and settings.
        data: Known positives and sources.
        teacher: Gives the scores of `bm25` or `base`, shape (queries, documents).
        similarity: By which the model ranks, and so trains: `cosine` or `dot`.

    Raises:
        LexfitError: The corpus is larger than `loss.corpus_limit` under `corpus_softmax`.
    """
    import torch  # noqa: PLC0415

    name = teacher_of(params)
    scores = teacher(name) if name else data.soft_scores()
    if params.name == "corpus_softmax":
        from lexfit.training.losses.corpus_softmax import (  # noqa: PLC0415
            CorpusSoftmaxLoss,
            softmax_over,
            target_distribution,
        )

        largest = max(data.doc_sources.count(source) for source in set(data.doc_sources))
        if largest > params.corpus_limit:
            raise LexfitError(
                "params.yaml: loss.corpus_limit",
                f"is {params.corpus_limit}, and a step of corpus_softmax would encode {largest} documents",
                "Raise it, or use `-S loss=masked_mnrl`",
            )
        allowed = data.same_source()
        soft = softmax_over(scores, allowed, params.soft_temperature) if scores is not None else None
        gains = data.gains() if params.positive_weights == "graded" else data.relevance()
        targets = target_distribution(
            gains, allowed, smoothing=params.label_smoothing, soft=soft, soft_weight=params.soft_weight
        )
        columns = torch.tensor(data.doc_of_passage)
        return CorpusSoftmaxLoss(targets, allowed, columns, temperature=params.temperature, similarity=similarity)
    if params.name == "triplet":
        from lexfit.training.losses.triplet import MinedTripletLoss  # noqa: PLC0415

        return MinedTripletLoss(params.margin)
    if params.name in {"margin_mse", "distill_kl"}:
        from lexfit.training.losses.distillation import distill_kl, margin_mse  # noqa: PLC0415

        if scores is None:
            raise ValueError("A distillation loss needs a teacher's scores.")
        if params.name == "margin_mse":
            return margin_mse(scores, similarity)
        return distill_kl(scores, params.temperature, params.soft_temperature, similarity)
    from lexfit.training.losses.masked_mnrl import MaskedMultipleNegativesRankingLoss  # noqa: PLC0415

    return MaskedMultipleNegativesRankingLoss(
        data.relevance(),
        temperature=params.temperature,
        symmetric=params.symmetric,
        guide=scores,
        margin=params.margin,
        similarity=similarity,
    )
