"""Stage soup@NAME: average fold models' weights where inner folds say that it helps, and rank held-out folds by it."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from lexfit.evaluation.claim import MAIN
from lexfit.evaluation.runs import write_run
from lexfit.evaluation.trec import Qrels, evaluate, mean
from lexfit.io import write_json
from lexfit.second_stage.plan import first_stage_run, name_of, student_trainings
from lexfit.second_stage.soups import choose
from lexfit.stages.common import STUDENTS, quiet_progress, replacing, run_stage
from lexfit.training.phases import MODEL_FOLDER, after_pretraining
from lexfit.training.records import read_records

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.evaluation.runs import Run

logger = logging.getLogger(__name__)


def main(params: Params, name: str) -> None:
    """Write data/students/NAME: folds/*.tsv, sentence_transformer/ (the final soup or model) and summary.json."""
    quiet_progress(params.runtime.progress)
    shares = params.second_stage.soups[name].shares
    params, records = after_pretraining(params, read_records("soup"))
    from lexfit.second_stage.fold_weights import FoldWeights
    from lexfit.training.saving import save_model

    present = {d["id"] for d in records["documents"]}
    own = {q["id"]: q for q in records["queries"] if q["source"] == "task"}
    fold_of = {q: record["fold"] for q, record in own.items()}
    qrels: Qrels = {q: {d: 1 for d in record["positives"] if d in present} for q, record in own.items()}

    def score(run: Run) -> float:
        return mean(evaluate(run, {q: qrels[q] for q in run if qrels[q]}), MAIN)

    weights, facts = FoldWeights(params, records), {}
    with replacing(STUDENTS / name) as folder:
        (folder / "folds").mkdir()
        for excluded in student_trainings(params):
            choice = choose(excluded, fold_of, first_stage_run, weights.run, shares=shares, score=score)
            label = name_of(excluded)
            facts[label] = {"share": choice.share, "inner": {k: round(v, 5) for k, v in choice.scores.items()}}
            logger.info("%s: %s", label, facts[label])
            if excluded:
                run = first_stage_run(excluded) if choice.share is None else weights.run(excluded, choice.share)
                write_run(folder / "folds" / f"{label}.tsv", run)
            else:
                save_model(weights.model(excluded, choice.share), folder / MODEL_FOLDER)
        write_json(folder / "summary.json", facts)


if __name__ == "__main__":
    target = sys.argv[1]
    run_stage(f"soup@{target}", lambda params: main(params, target))
