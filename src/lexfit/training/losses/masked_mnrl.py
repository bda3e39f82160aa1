"""In-batch softmax in which no known positive of a query is ever its negative."""

from __future__ import annotations

from typing import Any

import torch
from sentence_transformers import SentenceTransformer, losses, util
from torch import Tensor


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


def masked_softmax_loss(scores: Tensor, mask: Tensor) -> Tensor:
    """Mean cross-entropy of target i for row i over the candidates in `mask`; both (batch, candidates)."""
    targets = torch.arange(len(scores), device=scores.device)
    return torch.nn.functional.cross_entropy(scores.masked_fill(~mask, -torch.inf), targets)


class MaskedMultipleNegativesRankingLoss(losses.MultipleNegativesRankingLoss):
    """`MultipleNegativesRankingLoss` with known positives and repeated documents masked out.

    With few documents and several positives a query, most in-batch negatives are wrong: this loss takes
    them out by the judgements, rather than guess (as GIST does by a guide model).

    Args:
        model: The model to train.
        relevance: Known positives, boolean, shape (queries, documents).
        temperature: Divides cosine similarities, as in InfoNCE (van den Oord et al. 2018, arXiv 1807.03748).
        symmetric: Add the softmax over queries for each positive, masked likewise, and average.

    The `labels` of a batch have shape (batch, 2 + negatives): the query's row in `relevance`, then the
    columns of the positive and of each negative.
    """

    relevance: Tensor

    def __init__(
        self,
        model: SentenceTransformer,
        relevance: Tensor,
        *,
        temperature: float = 0.05,
        symmetric: bool = False,
    ) -> None:
        if relevance.ndim != 2 or relevance.dtype != torch.bool:
            raise ValueError("relevance must be a boolean tensor of shape (queries, documents).")
        if not temperature > 0:
            raise ValueError(f"temperature must be positive, got {temperature}.")
        super().__init__(model, scale=1 / temperature, similarity_fct=util.cos_sim)
        self.register_buffer("relevance", relevance, persistent=False)
        self.symmetric = symmetric

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """The loss of one batch; `embeddings` are anchors, positives, and each column of negatives."""
        anchors, documents = embeddings[0], torch.cat(embeddings[1:])  # (batch, dim), (candidates, dim)
        relevance = self.relevance.to(labels.device)
        query_ids, doc_ids = labels[:, 0], labels[:, 1:].T.reshape(-1)  # column-major, as `documents`
        scores = self.similarity_fct(anchors, documents) * self.scale
        loss = masked_softmax_loss(scores, candidate_mask(query_ids, doc_ids, relevance))
        if self.symmetric:
            batch = len(anchors)
            mask = candidate_mask(doc_ids[:batch], query_ids, relevance.T)
            loss = (loss + masked_softmax_loss(scores[:, :batch].T, mask)) / 2
        return loss

    def get_config_dict(self) -> dict[str, Any]:
        """What the model card says of this loss."""
        return {"temperature": self.temperature, "similarity_fct": "cos_sim", "symmetric": self.symmetric}
