"""The exact softmax over the whole corpus, with every known positive of a query as a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers import SimilarityFunction
from sentence_transformers.util import similarity_fct_name
from torch import Tensor, nn

if TYPE_CHECKING:
    from lexfit.config import Similarity


def target_distribution(
    gains: Tensor, allowed: Tensor, *, smoothing: float = 0.0, soft: Tensor | None = None, soft_weight: float = 0.0
) -> Tensor:
    """What each query's softmax should be, shape (queries, documents); rows sum to 1.

    The known positives share `1 - smoothing - soft_weight` in proportion to their gains; `smoothing` is spread over
    all allowed documents whatever their judgement (Szegedy et al. 2016, arXiv 1512.00567), `soft_weight` as in `soft`.

    Args:
        gains: What each known positive counts for, 0 for other documents, shape (queries, documents); relevance as a
            boolean tensor counts them alike. At least one a row is positive among the allowed.
        allowed: Documents in the query's softmax, boolean, same shape.
        smoothing: Share of the uniform distribution.
        soft: Another ranker's distribution, same shape, rows summing to 1 over the allowed documents.
        soft_weight: Its share.
    """
    positives = gains.float().masked_fill(~allowed, 0.0)
    targets = (1 - smoothing - soft_weight) * positives / positives.sum(1, keepdim=True)
    if smoothing:
        targets = targets + smoothing * allowed.float() / allowed.sum(1, keepdim=True)
    if soft is not None and soft_weight:
        targets = targets + soft_weight * soft
    return targets


def softmax_over(scores: Tensor, allowed: Tensor, temperature: float) -> Tensor:
    """A ranker's scores as a distribution over the allowed documents; all of shape (queries, documents)."""
    return torch.softmax((scores / temperature).masked_fill(~allowed, -torch.inf), dim=1)


def soft_cross_entropy(scores: Tensor, targets: Tensor, allowed: Tensor) -> Tensor:
    """Mean cross-entropy of the softmax over allowed documents against `targets`; all (queries, documents)."""
    log_probabilities = torch.log_softmax(scores.masked_fill(~allowed, -torch.inf), dim=1)
    return -(targets * log_probabilities.masked_fill(~allowed, 0.0)).sum(dim=1).mean()


def best_passage(scores: Tensor, doc_of_passage: Tensor, documents: int) -> Tensor:
    """Each document's best passage score.

    Args:
        scores: Shape (queries, passages).
        doc_of_passage: Shape (passages,).
        documents: How many there are; one without a passage here gets minus infinity.
    """
    out = scores.new_full((len(scores), documents), -torch.inf)
    return out.scatter_reduce(1, doc_of_passage.expand_as(scores), scores, "amax", include_self=True)


class CorpusSoftmaxLoss(nn.Module):
    """Cross-entropy of the softmax over all documents, known positives sharing the target.

    With few documents this is exactly what in-batch negatives sample from. A document scores as its best passage,
    as it does in evaluation.

    Args:
        targets: Shape (queries, documents), from `target_distribution`.
        allowed: Documents in each query's softmax, boolean, shape (queries, documents).
        doc_of_passage: Shape (passages,).
        temperature: Divides similarities.
        similarity: `cosine` or `dot`, as the model ranks.
    """

    targets: Tensor
    allowed: Tensor
    doc_of_passage: Tensor

    def __init__(
        self,
        targets: Tensor,
        allowed: Tensor,
        doc_of_passage: Tensor,
        *,
        temperature: float = 0.05,
        similarity: Similarity = "cosine",
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature must be positive, got {temperature}.")
        if targets.shape != allowed.shape or allowed.dtype != torch.bool:
            raise ValueError("allowed must be a boolean tensor of the shape of targets: (queries, documents).")
        if not torch.allclose(targets.sum(1), torch.ones(len(targets)), atol=1e-4):
            raise ValueError("targets must sum to 1 for each query: a query without a known positive can't train.")
        self.register_buffer("targets", targets, persistent=False)
        self.register_buffer("allowed", allowed, persistent=False)
        self.register_buffer("doc_of_passage", doc_of_passage, persistent=False)
        self.temperature = temperature
        self.similarity_fct = SimilarityFunction.to_similarity_fn(similarity)

    def forward(self, queries: Tensor, passages: Tensor, query_ids: Tensor, passage_ids: Tensor) -> Tensor:
        """The loss of a batch.

        Args:
            queries: Embeddings, shape (batch, dimension).
            passages: Embeddings, shape (passages, dimension).
            query_ids: Rows of `targets`, shape (batch,).
            passage_ids: Shape (passages,).
        """
        scores: Tensor = self.similarity_fct(queries, passages) / self.temperature  # (batch, passages)
        columns = self.doc_of_passage[passage_ids]
        if not torch.equal(columns, torch.arange(self.targets.shape[1], device=columns.device)):
            scores = best_passage(scores, columns, self.targets.shape[1])
        return soft_cross_entropy(scores, self.targets[query_ids].to(scores.dtype), self.allowed[query_ids])

    def get_config_dict(self) -> dict[str, Any]:
        """What the model card says of this loss."""
        return {"temperature": self.temperature, "similarity_fct": similarity_fct_name(self.similarity_fct)}
