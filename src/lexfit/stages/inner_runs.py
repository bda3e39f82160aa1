"""Stage inner_runs@scores: rank each pair of folds by the embedding model that was trained without both."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lexfit.cache import cache_folder, digest, kept
from lexfit.evaluation.inputs import ranked_passages
from lexfit.evaluation.runs import write_run
from lexfit.io import write_json
from lexfit.second_stage.plan import name_of, ranked_queries, trainings
from lexfit.stages.common import INNER_RUNS, quiet_progress, replacing, run_stage
from lexfit.training.phases import after_pretraining
from lexfit.training.records import read_records

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.evaluation.runs import Run

logger = logging.getLogger(__name__)


def inner_run(params: Params, records: dict[str, list[dict[str, Any]]], excluded: frozenset[int]) -> Run:
    """The ranking of two folds' queries; what an interrupted stage had ranked is read back."""
    from lexfit.training.batches import load_training_data
    from lexfit.training.checkpoints import checkpoint_folder
    from lexfit.training.scored_snapshots import score_held_out

    data = load_training_data(records, params.batches, set(excluded), inner=params.train.early_stopping is not None)
    queries = ranked_queries(records["queries"], excluded)
    held_out = [{"id": key, "source": "task", "text": text} for key, text in queries.items()]
    passages = ranked_passages(records["documents"], "task", params.clean.split)
    folder = checkpoint_folder(params, data)
    name = digest([folder.name, params.train.interpolation, queries, passages])

    def compute() -> Run:
        setting = params.train.epochs, params.train.interpolation
        runs, _ = score_held_out(params, data, held_out, {"task": passages}, epochs=[setting[0]], shares=[setting[1]])
        return runs[setting]

    run: Run = kept(cache_folder("inner_runs") / f"{name}.json", compute)
    return run


def main(params: Params) -> None:
    """Write data/inner_runs/A-B.tsv for each pair of folds; no pair is needed where others than folds are claimed."""
    quiet_progress(params.runtime.progress)
    params, records = after_pretraining(params, read_records("inner_runs"))
    pairs = [excluded for excluded in trainings(params) if len(excluded) == 2]
    with replacing(INNER_RUNS) as folder:
        for number, excluded in enumerate(pairs, 1):
            logger.info("training %d of %d, without folds %s", number, len(pairs), sorted(excluded))
            write_run(folder / f"{name_of(excluded)}.tsv", inner_run(params, records, excluded))
        write_json(folder / "summary.json", {"pairs": [sorted(excluded) for excluded in pairs]})


if __name__ == "__main__":
    run_stage("inner_runs", main)
