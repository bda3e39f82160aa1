"""Stage student@NAME: train the first stage anew under its teachers, and rank held-out folds by it."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.evaluation.inputs import ranked_passages
from lexfit.evaluation.runs import write_run
from lexfit.io import write_json
from lexfit.second_stage.plan import name_of, ranked_queries, read_whole, student_trainings
from lexfit.stages.common import STUDENTS, TEACHERS, quiet_progress, replacing, run_stage
from lexfit.training.phases import MODEL_FOLDER, after_pretraining
from lexfit.training.records import read_records
from lexfit.training.windows import SEPARATOR

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.evaluation.runs import Run
    from lexfit.training.batches import TrainingData

logger = logging.getLogger(__name__)


def taught(data: TrainingData, scores: Run) -> TrainingData:
    """Training data with the teachers' scores; a window of a query has those of the query."""
    column = {doc_id: number for number, doc_id in enumerate(data.doc_ids)}
    soft = [
        {column[doc_id]: score for doc_id, score in scores[query_id.split(SEPARATOR)[0]].items()}
        for query_id in data.query_ids
    ]
    return replace(data, soft=soft)


def main(params: Params, name: str) -> None:
    """Write data/students/NAME: folds/*.tsv, sentence_transformer/ (the final student) and summary.json."""
    quiet_progress(params.runtime.progress)
    params, records = after_pretraining(params, read_records("student"))
    from lexfit.evaluation.dense import dense_run
    from lexfit.training.batches import load_training_data
    from lexfit.training.saving import save_model
    from lexfit.training.trainer import fine_tune

    own = params.second_stage.students[name]
    loss = replace(params.loss, soft_labels="none", soft_weight=own.weight, soft_temperature=own.temperature)
    recipe = replace(params, loss=loss)
    passages = ranked_passages(records["documents"], "task", params.clean.split)
    wanted, facts = student_trainings(params), {}
    with replacing(STUDENTS / name) as folder:
        (folder / "folds").mkdir()
        for number, excluded in enumerate(wanted, 1):
            label = name_of(excluded)
            logger.info("training %d of %d: %s", number, len(wanted), label)
            data = load_training_data(records, params.batches, set(excluded))
            data = taught(data, read_whole(TEACHERS / name / f"{label}.tsv"))
            trained = fine_tune(recipe, data, Path(f"dvclive/student-{name}-{label}"))
            facts[label] = trained.facts
            if excluded:
                queries = ranked_queries(records["queries"], excluded)
                sizes = (params.evaluation.batch_size, params.runtime.progress)
                write_run(folder / "folds" / f"{label}.tsv", dense_run(trained.model, queries, passages, *sizes))
            else:
                save_model(trained.model, folder / MODEL_FOLDER)
            trained.forget_checkpoints()
        write_json(folder / "summary.json", facts)


if __name__ == "__main__":
    target = sys.argv[1]
    run_stage(f"student@{target}", lambda params: main(params, target))
