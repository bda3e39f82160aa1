"""Stage teacher@NAME: what a student's teachers make of the training queries, computed once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lexfit.evaluation.runs import write_run
from lexfit.io import write_json
from lexfit.second_stage.plan import name_of, student_trainings
from lexfit.second_stage.systems import fold_systems
from lexfit.second_stage.teachers import lessons
from lexfit.stages.common import TEACHERS, quiet_progress, replacing, run_stage
from lexfit.training.records import read_records

if TYPE_CHECKING:
    from lexfit.config import Params


def main(params: Params, name: str) -> None:
    """Write data/teachers/NAME: scores of all documents for a student without each fold, and for the final one."""
    quiet_progress(params.runtime.progress)
    records = read_records("teacher")
    fold_of = {q["id"]: q["fold"] for q in records["queries"] if q["source"] == "task"}
    documents = [d["id"] for d in records["documents"] if d["source"] == "task"]
    known = fold_systems(params)
    systems = {teacher: known[teacher] for teacher in params.second_stage.students[name].teachers}
    with replacing(TEACHERS / name) as folder:
        for excluded in student_trainings(params):
            write_run(folder / f"{name_of(excluded)}.tsv", lessons(excluded, fold_of, systems, documents))
        write_json(folder / "summary.json", {"teachers": list(systems), "documents": len(documents)})


if __name__ == "__main__":
    label = sys.argv[1]
    run_stage(f"teacher@{label}", lambda params: main(params, label))
