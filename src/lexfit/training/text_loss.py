"""The bridge from a batch of numbers to a loss over embeddings: each unique text of a step is embedded once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers.sentence_transformer.losses.matryoshka import shrink
from torch import Tensor, nn

from lexfit.training.attention import attention_kernel
from lexfit.training.gradient_cache import cached_loss
from lexfit.training.layers import evaluating
from lexfit.training.losses.corpus_softmax import CorpusSoftmaxLoss, best_passage
from lexfit.training.processes import chunk_size, gathered, share_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from sentence_transformers import SentenceTransformer

    from lexfit.config import BatchesParams, HardwareParams
    from lexfit.training.batches import TrainingData
    from lexfit.training.document_memory import DocumentMemory
    from lexfit.training.negative_table import NegativeTable
    from lexfit.training.texts import TextTable


class TextLoss(nn.Module):
    """A loss as sentence-transformers' trainer calls it, whose batches are labels only.

    Args:
        model: The model to train.
        texts: All texts of the run.
        data: What the numbers in labels stand for.
        objective: A loss over embeddings (see `lexfit.training.losses`).
        negatives: Mined negatives by query.
        batches: `negatives` a pair and their weight.
        hardware: `chunk`, `gradient_cache` and `gradient_checkpointing`.
        memory: Of documents that a step over the corpus doesn't embed; None: it embeds all of them.
        dims: Matryoshka dimensions, each of which the objective is summed over (Kusupati et al. 2022,
            arXiv 2205.13147); none: the whole embedding.
    """

    doc_of_passage: Tensor

    def __init__(
        self,
        model: SentenceTransformer,
        texts: TextTable,
        data: TrainingData,
        objective: nn.Module,
        negatives: NegativeTable,
        *,
        batches: BatchesParams,
        hardware: HardwareParams,
        dims: list[int],
        memory: DocumentMemory | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.objective = objective
        self.negatives, self.memory = negatives, memory
        self.query_ids = data.query_ids
        self._texts, self._dims = texts, dims
        self._count, self._weight = batches.negatives, batches.negative_weight
        self._chunk, self._gradient_cache = hardware.chunk, hardware.gradient_cache
        self._recomputing = hardware.gradient_checkpointing
        self._documents = len(data.doc_ids)
        self._dimension = int(model.get_embedding_dimension() or 0)
        self.register_buffer("doc_of_passage", torch.tensor(data.doc_of_passage), persistent=False)

    def forward(self, features: Iterable[dict[str, Tensor]], labels: Tensor) -> Tensor:
        """The loss of a batch.

        Args:
            features: Empty: texts are looked up by number.
            labels: Shape (rows, 3), `label` of `TrainingData.rows`.
        """
        del features
        if isinstance(self.objective, CorpusSoftmaxLoss):
            return self._over_corpus(torch.unique(labels[:, 0]))
        return self._over_pairs(labels)

    def begin_step(self, number: int) -> None:
        """Say which step the coming calls belong to, counted from 0: it decides which tokens they leave out."""
        if self._texts.sampler:
            self._texts.sampler.step = number

    def scores(self) -> Tensor:
        """Similarity of every query and document by the model as it is, shape (queries, documents), on the CPU."""
        with evaluating(self.model), torch.no_grad():
            order = self._texts.chunks(range(len(self._texts)), self._chunk)
            embedded = torch.cat([self._texts.embed(self.model, chunk) for chunk in order])
        everything = embedded[
            torch.argsort(torch.tensor([i for chunk in order for i in chunk], device=embedded.device))
        ]
        queries, passages = everything[: self._texts.queries], everything[self._texts.queries :]
        similarity = getattr(self.model, "module", self.model).similarity(queries, passages)
        return best_passage(similarity, self.doc_of_passage, self._documents).cpu()

    def backward_kernel(self) -> AbstractContextManager[None]:
        """For the backward pass: checkpointing runs layers again there, which must attend as they did before."""
        return attention_kernel(self.model, self._texts.attention if self._recomputing else None)

    def get_config_dict(self) -> dict[str, Any]:
        """What the model card says of this loss."""
        config: dict[str, Any] = self.objective.get_config_dict()  # type: ignore[operator]
        return {**config, "matryoshka_dims": self._dims} if self._dims else config

    def _over_corpus(self, queries: Tensor) -> Tensor:
        objective = self.objective
        assert isinstance(objective, CorpusSoftmaxLoss)
        wanted = objective.allowed[queries].any(dim=0)[self.doc_of_passage]
        passages = torch.nonzero(wanted)[:, 0]

        def loss_of(query_embeddings: Tensor, passage_embeddings: Tensor) -> Tensor:
            value: Tensor = objective(query_embeddings, passage_embeddings, queries, passages)
            return value

        if self.memory is None:
            return self._embedded(queries, passages, loss_of)
        unknown = self.memory.unknown(passages)
        if len(unknown):
            self.memory.remember(unknown, self._as_they_are(unknown))
        due = self.memory.due(passages)
        complete = partial(self.memory.completed, passages, due)
        return self._embedded(queries, passages[due], loss_of, complete)

    def _over_pairs(self, labels: Tensor) -> Tensor:
        queries, positives, used = labels.unbind(dim=1)
        negatives, weights = self.negatives.draw(queries, positives, used, self._count)
        columns = torch.cat([positives[:, None], negatives], dim=1)  # (pairs, 1 + negatives), passages
        unique_queries, query_at = torch.unique(queries, return_inverse=True)
        unique_passages, passage_at = torch.unique(columns, return_inverse=True)
        ids = torch.cat([queries[:, None], self.doc_of_passage[columns]], dim=1)
        compute: Any = self.objective.compute_loss_from_embeddings

        def loss_of(query_embeddings: Tensor, passage_embeddings: Tensor) -> Tensor:
            embeddings = [query_embeddings[query_at], *(passage_embeddings[at] for at in passage_at.T)]
            value: Tensor = compute(embeddings, ids, weights * self._weight)
            return value

        return self._embedded(unique_queries, unique_passages, loss_of)

    def _as_they_are(self, passages: Tensor) -> Tensor:
        """Embeddings of passages, without a gradient."""
        chunks, at = self._chunked((passages + self._texts.queries).tolist())
        with torch.no_grad():
            parts = [self._texts.embed(self.model, chunk) for chunk in share_of(chunks)]
            return gathered(parts, chunks, self._dimension)[at]

    def _chunked(self, wanted: list[int]) -> tuple[list[list[int]], Tensor]:
        """Texts in chunks, and where each of them then is."""
        chunks = self._texts.chunks(wanted, chunk_size(len(wanted), self._chunk))
        order = {text: place for place, text in enumerate(i for chunk in chunks for i in chunk)}
        return chunks, torch.tensor([order[text] for text in wanted], device=self.doc_of_passage.device)

    def _embedded(self, queries: Tensor, passages: Tensor, loss_of: Any, complete: Any = lambda own: own) -> Tensor:
        """`loss_of` on embeddings of these queries, and on what `complete` makes of these passages', by chunks."""
        chunks, at = self._chunked([*queries.tolist(), *(passages + self._texts.queries).tolist()])
        query_at, passage_at = at[: len(queries)], at[len(queries) :]

        def embed(chunk: list[int]) -> Tensor:
            return self._texts.embed(self.model, chunk)

        def summed(embedded: Tensor) -> Tensor:
            both = embedded[query_at], complete(embedded[passage_at])
            parts = [tuple(shrink(own, dim) for own in both) for dim in self._dims] or [both]
            total: Tensor = sum(loss_of(*part) for part in parts)
            return total

        if self._gradient_cache and torch.is_grad_enabled():
            return cached_loss(chunks, embed, summed, self._dimension)
        return summed(gathered([embed(chunk) for chunk in share_of(chunks)], chunks, self._dimension))
