"""In-batch softmax in which no known positive of a query is ever its negative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers import SimilarityFunction
from sentence_transformers.sentence_transformer import losses
from sentence_transformers.util import similarity_fct_name
from torch import Tensor

if TYPE_CHECKING:
    from lexfit.config import Similarity


def candidate_mask(query_ids: Tensor, doc_ids: Tensor, relevance: Tensor) -> Tensor:
    """Which candidates stand in each query's softmax.

    Args:
        query_ids: Shape (batch,).
        doc_ids: Shape (candidates,); candidate i < batch is the positive of query i.
        relevance: Known positives, boolean, shape (queries, documents).

    Returns:
        Boolean, shape (batch, candidates): a query's own positive, and each other document once unless
        it is known to be relevant to the query.
    """
    batch, candidates = len(query_ids), len(doc_ids)
    same = doc_ids[:, None] == doc_ids[None, :]
    first = ~torch.tril(same, diagonal=-1).any(dim=1)  # (candidates,): no earlier candidate is the same
    allowed = ~relevance[query_ids][:, doc_ids] & first[None, :]
    own = torch.eye(batch, candidates, dtype=torch.bool, device=doc_ids.device)
    return allowed | own


def guided_mask(query_ids: Tensor, doc_ids: Tensor, guide: Tensor, margin: float) -> Tensor:
    """Candidates that a guide doesn't score above the query's positive less a margin (GIST, arXiv 2402.16829).

    Args:
        query_ids: Shape (batch,).
        doc_ids: Shape (candidates,); candidate i < batch is the positive of query i.
        guide: The guide's scores, shape (queries, documents).
        margin: Absolute.

    Returns:
        Boolean, shape (batch, candidates); a query's own positive is always in.
    """
    scores = guide[query_ids][:, doc_ids]
    batch = len(query_ids)
    own = torch.eye(batch, len(doc_ids), dtype=torch.bool, device=doc_ids.device)
    return (scores <= scores[:, :batch].diagonal()[:, None] - margin) | own


def masked_softmax_loss(scores: Tensor, mask: Tensor) -> Tensor:
    """Mean cross-entropy of target i for row i over the candidates in `mask`; both (batch, candidates)."""
    targets = torch.arange(len(scores), device=scores.device)
    return torch.nn.functional.cross_entropy(scores.masked_fill(~mask, -torch.inf), targets)


class MaskedMultipleNegativesRankingLoss(losses.MultipleNegativesRankingLoss):
    """`MultipleNegativesRankingLoss` with known positives and repeated documents masked out.

    With few documents and several positives a query, most in-batch negatives are wrong: this loss takes
    them out by the judgements, and with a `guide` by its scores too, as GIST does.

    Args:
        relevance: Known positives, boolean, shape (queries, documents).
        temperature: Divides similarities, as in InfoNCE (van den Oord et al. 2018, arXiv 1807.03748).
        symmetric: Add the softmax over queries for each positive, masked likewise, and average.
        guide: Scores of a guide, shape (queries, documents), or None.
        margin: How far below the positive the guide must score a negative.
        similarity: `cosine` or `dot`, as the model ranks.

    The `labels` of a batch have shape (batch, 2 + negatives): the query's row in `relevance`, then the
    columns of the positive and of each negative.
    """

    relevance: Tensor
    guide: Tensor | None

    def __init__(
        self,
        relevance: Tensor,
        *,
        temperature: float = 0.05,
        symmetric: bool = False,
        guide: Tensor | None = None,
        margin: float = 0.0,
        similarity: Similarity = "cosine",
    ) -> None:
        if relevance.ndim != 2 or relevance.dtype != torch.bool:
            raise ValueError("relevance must be a boolean tensor of shape (queries, documents).")
        if not temperature > 0:
            raise ValueError(f"temperature must be positive, got {temperature}.")
        if guide is not None and guide.shape != relevance.shape:
            raise ValueError("guide must have the shape of relevance: (queries, documents).")
        function = SimilarityFunction.to_similarity_fn(similarity)
        super().__init__(model=None, scale=1 / temperature, similarity_fct=function)
        self.register_buffer("relevance", relevance, persistent=False)
        self.register_buffer("guide", guide, persistent=False)
        self.symmetric = symmetric
        self.margin = margin

    def compute_loss_from_embeddings(
        self, embeddings: list[Tensor], labels: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """The loss of one batch.

        Args:
            embeddings: Anchors, positives, and each column of negatives, each of shape (batch, dimension).
            labels: See the class.
            weights: Of the negatives in the softmax, shape (batch, negatives); 1 each by default.
        """
        anchors, documents = embeddings[0], torch.cat(embeddings[1:])  # (batch, dim), (candidates, dim)
        query_ids, doc_ids = labels[:, 0], labels[:, 1:].T.reshape(-1)  # column-major, as `documents`
        batch = len(anchors)
        scores = self.similarity_fct(anchors, documents) * self.scale
        if weights is not None:
            logs = torch.cat([weights.new_zeros(batch), weights.T.reshape(-1).log()])  # (candidates,)
            scores = scores + logs.to(scores.dtype)
        mask = candidate_mask(query_ids, doc_ids, self.relevance)
        if self.guide is not None:
            mask &= guided_mask(query_ids, doc_ids, self.guide, self.margin)
        loss = masked_softmax_loss(scores, mask)
        if self.symmetric:
            back = candidate_mask(doc_ids[:batch], query_ids, self.relevance.T)
            loss = (loss + masked_softmax_loss(scores[:, :batch].T, back)) / 2
        return loss

    def get_config_dict(self) -> dict[str, Any]:
        """What the model card says of this loss."""
        name = similarity_fct_name(self.similarity_fct)
        config = {"temperature": self.temperature, "similarity_fct": name, "symmetric": self.symmetric}
        return config if self.guide is None else {**config, "guided": True, "margin": self.margin}
