"""Rankings of held-out queries by a model in training, through its frozen trunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lexfit.evaluation.runs import max_passage
from lexfit.training.layers import evaluating
from lexfit.training.texts import TextTable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from lexfit.evaluation.runs import Run
    from lexfit.training.trunk import FrozenTrunk


class HeldOutRanker:
    """Queries that don't train, and the documents that they are ranked over, tokenised once.

    Args:
        model: The model in training, as it is at each call of `run`.
        trunk: Its frozen layers, or None.
        queries: Text by query id.
        passages: Passages by document id; a document's score is that of its best passage.
        max_seq_length: At which the finished model encodes.
        chunk: Texts encoded at once.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        trunk: FrozenTrunk | None,
        queries: dict[str, str],
        passages: dict[str, list[str]],
        *,
        max_seq_length: int,
        chunk: int,
    ) -> None:
        self._model, self._chunk = model, chunk
        self._ids = list(queries)
        self._owners = [doc_id for doc_id, parts in passages.items() for _ in parts]
        in_training = model.max_seq_length
        model.max_seq_length = max_seq_length
        texts = [part for parts in passages.values() for part in parts]
        self._table = TextTable(model, list(queries.values()), texts, trunk)
        model.max_seq_length = in_training

    def run(self) -> Run:
        """Every document's score for every query."""
        table = self._table
        order = table.chunks(range(len(table)), self._chunk)
        with evaluating(self._model), torch.no_grad():
            embedded = torch.cat([table.embed(self._model, chunk) for chunk in order])
            places = torch.argsort(torch.tensor([i for chunk in order for i in chunk], device=embedded.device))
            queries, passages = embedded[places].tensor_split([table.queries])
            scores = self._model.similarity(queries, passages).float().cpu().numpy()  # (queries, passages)
        return {query_id: max_passage(scores[row], self._owners) for row, query_id in enumerate(self._ids)}
