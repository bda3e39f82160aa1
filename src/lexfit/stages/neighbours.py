"""Stage neighbours@NAME: rank held-out folds by the statutes of their nearest training queries."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lexfit.evaluation.runs import write_run
from lexfit.io import write_json
from lexfit.second_stage.neighbours import neighbour_run
from lexfit.second_stage.plan import name_of, ranked_queries, trainings
from lexfit.stages.common import NEIGHBOURS, quiet_progress, replacing, run_stage
from lexfit.training.records import read_records

if TYPE_CHECKING:
    from lexfit.config import Params


def main(params: Params, name: str) -> None:
    """Write data/neighbours/NAME: folds/*.tsv and summary.json; nothing is trained."""
    quiet_progress(params.runtime.progress)
    records = read_records("neighbours")
    targets = [d["id"] for d in records["documents"] if d["source"] == "task"]
    wanted = [excluded for excluded in trainings(params) if excluded]
    with replacing(NEIGHBOURS / name) as folder:
        (folder / "folds").mkdir()
        for excluded in wanted:
            queries = ranked_queries(records["queries"], excluded)
            run = neighbour_run(params, name, records, queries, targets=targets, excluded=excluded)
            write_run(folder / "folds" / f"{name_of(excluded)}.tsv", run)
        write_json(folder / "summary.json", {"queries": len(records["queries"]), "rankings": len(wanted)})


if __name__ == "__main__":
    label = sys.argv[1]
    run_stage(f"neighbours@{label}", lambda params: main(params, label))
