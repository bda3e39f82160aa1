"""Stage crossval@K: train without fold K and rank that fold's queries."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.evaluation.inputs import ranked_passages
from lexfit.evaluation.runs import write_run
from lexfit.io import write_json
from lexfit.stages.common import CROSSVAL, quiet_progress, replacing, run_stage
from lexfit.training.phases import after_pretraining
from lexfit.training.records import read_records

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.evaluation.runs import Run


def main(params: Params, fold: int) -> None:
    """Write data/crossval/fold-K/run.tsv and a summary; an empty run with `crossval.run: false`."""
    if not params.crossval.run:
        with replacing(CROSSVAL / f"fold-{fold}") as folder:
            write_run(folder / "run.tsv", {})
            write_json(folder / "summary.json", {"held_out": []})
        return
    quiet_progress(params.runtime.progress)
    params, records = after_pretraining(params, read_records("crossval"))
    from lexfit.evaluation.dense import dense_run
    from lexfit.training.batches import load_training_data
    from lexfit.training.trainer import fine_tune

    inner = params.train.early_stopping is not None
    data = load_training_data(records, params.batches, {fold}, inner=inner)
    trained = fine_tune(params, data, Path(f"dvclive/fold-{fold}"))
    held_out = [q for q in records["queries"] if q["fold"] == fold]
    run: Run = {}
    for source in sorted({q["source"] for q in held_out}):
        queries = {q["id"]: q["text"] for q in held_out if q["source"] == source}
        passages = ranked_passages(records["documents"], source, params.clean.split)
        run |= dense_run(trained.model, queries, passages, params.evaluation.batch_size, params.runtime.progress)
    with replacing(CROSSVAL / f"fold-{fold}") as folder:
        write_run(folder / "run.tsv", run)
        write_json(folder / "summary.json", {"held_out": [q["id"] for q in held_out], **trained.facts})
    trained.forget_checkpoints()


if __name__ == "__main__":
    number = int(sys.argv[1])
    run_stage(f"crossval@{number}", lambda params: main(params, number))
