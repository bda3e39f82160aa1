"""Scores of other rankers over the training texts, for losses that learn from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lexfit.evaluation.runs import max_passage
from lexfit.negatives.bm25 import Okapi
from lexfit.training.layers import evaluating
from lexfit.training.losses.corpus_softmax import best_passage

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from lexfit.training.batches import TrainingData
    from lexfit.training.texts import TextTable


def teacher_scores(name: str, model: SentenceTransformer, texts: TextTable, data: TrainingData, chunk: int) -> Tensor:
    """Scores of every query and document, by best passage, shape (queries, documents).

    Args:
        name: `bm25`, or `base` for the model before training.
        model: Not trained yet.
        texts: Its texts.
        data: The same texts in words.
        chunk: Texts encoded at once.
    """
    if name == "bm25":
        index = Okapi(data.passages)
        owners = [data.doc_ids[column] for column in data.doc_of_passage]
        ranked = [max_passage(index.scores(text), owners) for text in data.query_texts]
        return torch.tensor([[scores[d] for d in data.doc_ids] for scores in ranked], dtype=torch.float32)
    with evaluating(model), torch.no_grad():
        order = texts.chunks(range(len(texts)), chunk)
        embedded = torch.cat([texts.embed(model, part) for part in order])
    places = torch.argsort(torch.tensor([i for part in order for i in part], device=embedded.device))
    everything = torch.nn.functional.normalize(embedded[places], dim=1)
    similarity = everything[: texts.queries] @ everything[texts.queries :].T
    columns = torch.tensor(data.doc_of_passage, device=similarity.device)
    return best_passage(similarity, columns, len(data.doc_ids)).cpu()
