"""Training in phases: adaptation to the documents, further sources alone, then the task's own queries from there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lexfit.stages.common import ADAPTED, PRETRAINED

if TYPE_CHECKING:
    from pathlib import Path

    from lexfit.config import Params

Records = dict[str, list[dict[str, Any]]]
MODEL_FOLDER = "sentence_transformer"


def starting_from(params: Params, folder: Path) -> Params:
    """Params whose base model is that of a stage before."""
    path = str(folder / MODEL_FOLDER)
    return replace(params, model=replace(params.model, path=path, package=None, gguf_file=None, pooling=None))


def _adapted(params: Params) -> Params:
    return starting_from(params, ADAPTED) if params.adapt.steps else params


def first_phase(params: Params) -> Params | None:
    """Params of the first phase, `pretrain.recipe` in place of the sections it names; None if there is none."""
    recipe = params.pretrain.recipe
    if recipe is None:
        return None
    own = _adapted(params)
    return replace(own, adapter=recipe.adapter, loss=recipe.loss, batches=recipe.batches, train=recipe.train)


def last_phase(params: Params) -> Params:
    """Params of the training that gives the final model: after a first phase, its model is the base."""
    return _adapted(params) if params.pretrain.recipe is None else starting_from(params, PRETRAINED)


def after_pretraining(params: Params, records: Records) -> tuple[Params, Records]:
    """Params and records of the training that gives the final model; after a first phase the task's records alone."""
    return last_phase(params), records if params.pretrain.recipe is None else records_of(records, first=False)


def records_of(records: Records, *, first: bool) -> Records:
    """The records that a phase trains on: of further sources in the first, of the task after it."""

    def trains(source: str) -> bool:
        return (source != "task") is first

    queries = [q for q in records["queries"] if trains(q["source"])]
    ids = {q["id"] for q in queries}
    return {
        "queries": queries,
        "documents": [d for d in records["documents"] if trains(d["source"])],
        "pairs": [p for p in records["pairs"] if p["query_id"] in ids],
        "negatives": [n for n in records["negatives"] if n["query_id"] in ids],
    }
