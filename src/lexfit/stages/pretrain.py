"""Stage pretrain: with `pretrain.recipe`, train on further sources alone; the stages that train next start there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.io import write_json, write_tsv
from lexfit.stages.common import PRETRAINED, REPORTS, quiet_progress, replacing, run_stage
from lexfit.training.records import read_records

if TYPE_CHECKING:
    from lexfit.config import Params

COLUMNS = ["step", "loss", "learning_rate"]


def main(params: Params) -> None:
    """Write data/pretrained (sentence-transformers folder and summary; null without a recipe) and the curve."""
    from lexfit.training.phases import MODEL_FOLDER, first_phase, records_of

    quiet_progress(params.runtime.progress)
    first = first_phase(params)
    if first is None:
        with replacing(PRETRAINED) as folder:
            write_json(folder / "summary.json", None)
        write_tsv(REPORTS / "plots" / "pretraining.tsv", COLUMNS, [])
        return
    records = records_of(read_records("pretrain"), first=True)
    from lexfit.training.batches import load_training_data
    from lexfit.training.saving import save_model
    from lexfit.training.trainer import fine_tune

    data = load_training_data(records, first.batches, set())
    trained = fine_tune(first, data, Path("dvclive/pretrain"))
    with replacing(PRETRAINED) as folder:
        save_model(trained.model, folder / MODEL_FOLDER)
        write_json(folder / "summary.json", trained.facts)
    curve = [[int(p["step"]), p["loss"], p["learning_rate"]] for p in trained.curve]
    write_tsv(REPORTS / "plots" / "pretraining.tsv", COLUMNS, curve)
    if not params.runtime.keep_checkpoints:
        trained.forget_checkpoints()


if __name__ == "__main__":
    run_stage("pretrain", main)
