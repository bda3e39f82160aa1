"""Stage exports_speed: how fast the exports are beside torch; kept apart, since no two runs give the same seconds."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from lexfit.corpus.records import read_collection
from lexfit.io import read_json, write_json
from lexfit.stages.common import EXPORTS, EXPORTS_SPEED, MODEL, RAW, quiet_progress, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params

FOLDER = MODEL / "sentence_transformer"


def measured(params: Params, summary: dict[str, Any]) -> dict[str, Any]:
    """Speeds of what stage exports made, and the machine that they were measured on."""
    speed, threads, batch = params.exports.speed, params.hardware.threads, params.evaluation.batch_size
    if speed is None:
        return {"machine": None, "forms": {}, "cuts": {}}
    from sentence_transformers import SentenceTransformer

    from lexfit.exports.cuts import Cut
    from lexfit.exports.forms import forms_of
    from lexfit.exports.sessions import load_export
    from lexfit.exports.speed import machine, search_tasks, speeds, take_turns
    from lexfit.training.base_models import prepare_torch

    prepare_torch(params.hardware, params.seed)
    documents = sorted(d.text for d in read_collection(RAW / "task").documents)
    texts = random.Random(params.seed).sample(documents, min(speed.texts, len(documents)))
    models = {"torch": SentenceTransformer(str(FOLDER), device="cpu")}
    for form in forms_of(params.exports.backends):
        graph = EXPORTS / "sentence_transformer" / form.file
        models[form.name] = load_export(FOLDER, graph, form.backend, threads)
    encoding = {
        name: lambda model=model: model.encode_document(texts, batch_size=batch) for name, model in models.items()
    }
    found: dict[str, Any] = {
        "machine": {**machine(), "threads": threads},
        "texts": len(texts),
        "batch_size": batch,
        "repeats": speed.repeats,
        "search_vectors": speed.search_vectors,
        "forms": speeds(take_turns(encoding, speed.repeats), "torch", len(texts)),
        "cuts": {},
    }
    cuts = [Cut(c["dim"], c["precision"], c["symmetric"]) for c in summary["cuts"].values()]
    if cuts:
        whole = Cut(summary["whole"]["dim"], "float32")
        vectors = models["torch"].encode_document(texts, batch_size=batch)
        searches = search_tasks([whole, *cuts], vectors, speed.search_vectors, threads)
        found["cuts"] = speeds(take_turns(searches, speed.repeats), whole.name, 64)
    return found


def main(params: Params) -> None:
    """Write reports/exports_speed.json."""
    quiet_progress(params.runtime.progress)
    write_json(EXPORTS_SPEED, measured(params, read_json(EXPORTS / "summary.json")))


if __name__ == "__main__":
    run_stage("exports_speed", main)
