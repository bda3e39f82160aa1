"""Stage model: fine-tune the final model on every training query; no evaluation text is readable here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.io import write_json, write_tsv
from lexfit.stages.common import MODEL, REPORTS, quiet_progress, replacing, run_stage
from lexfit.training.phases import after_pretraining
from lexfit.training.records import read_records

if TYPE_CHECKING:
    from lexfit.config import Params


def main(params: Params) -> None:
    """Write data/model (sentence-transformers folder, adapter if any, summary) and the training curve."""
    quiet_progress(params.runtime.progress)
    params, records = after_pretraining(params, read_records("model"))
    from lexfit.training.batches import load_training_data
    from lexfit.training.saving import name_adapter_base, save_model
    from lexfit.training.trainer import fine_tune

    inner = params.train.early_stopping is not None
    data = load_training_data(records, params.batches, set(), inner=inner)
    with replacing(MODEL) as folder:
        # An adapter on another stage's model would name a base that nobody can load: there the merged model is kept.
        keep = params.adapter.kind == "lora" and params.pretrain.recipe is None and not params.adapt.steps
        adapter = folder / "adapter" if keep else None
        trained = fine_tune(params, data, Path("dvclive/model"), adapter)
        save_model(trained.model, folder / "sentence_transformer")
        if adapter is not None:
            name_adapter_base(adapter, params.model.hub_id, params.model.revision)
        write_json(folder / "summary.json", trained.facts)
    curve = [[int(p["step"]), p["loss"], p["learning_rate"]] for p in trained.curve]
    write_tsv(REPORTS / "plots" / "training.tsv", ["step", "loss", "learning_rate"], curve)
    if not params.runtime.keep_checkpoints:
        trained.forget_checkpoints()


if __name__ == "__main__":
    run_stage("model", main)
