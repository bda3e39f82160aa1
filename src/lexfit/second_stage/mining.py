"""Documents near a training query, by an embedding model that saw nothing that is held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.evaluation.runs import order
from lexfit.stages.common import MODEL
from lexfit.training.phases import last_phase, starting_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexfit.config import ModelParams, Params
    from lexfit.training.batches import TrainingData


def miner_model(params: Params) -> ModelParams:
    """The embedding model that the task's own queries start to train from.

    It has seen no fold. Under `zero_shot` none of them trains, and it is the finished model.
    """
    return starting_from(params, MODEL).model if params.protocol.name == "zero_shot" else last_phase(params).model


def nearest_documents(params: Params, data: TrainingData, rows: Sequence[int]) -> dict[int, list[int]]:
    """Documents of each query's own source, nearest first.

    Args:
        params: Those of the miner and of encoding.
        data: Texts by number.
        rows: Numbers of queries, in any order, repeated or not.
    """
    from lexfit.evaluation.cached_encoder import cached  # noqa: PLC0415
    from lexfit.evaluation.dense import dense_run  # noqa: PLC0415
    from lexfit.training.base_models import load_base_model  # noqa: PLC0415

    model = cached(load_base_model(miner_model(params), params.hardware, params.runtime), params.runtime)
    column = {doc_id: number for number, doc_id in enumerate(data.doc_ids)}
    found: dict[int, list[int]] = {}
    for source in sorted({data.query_sources[row] for row in rows}):
        queries = {str(row): data.query_texts[row] for row in sorted(set(rows)) if data.query_sources[row] == source}
        passages: dict[str, list[str]] = {}
        for text, document in zip(data.passages, data.doc_of_passage, strict=True):
            if data.doc_sources[document] == source:
                passages.setdefault(data.doc_ids[document], []).append(text)
        run = dense_run(model, queries, passages, params.evaluation.batch_size, params.runtime.progress)
        found |= {int(row): [column[doc_id] for doc_id in order(scores)] for row, scores in run.items()}
    return found
