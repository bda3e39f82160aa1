"""Stage reranker@NAME: train a cross-encoder, and rank held-out folds by it; no evaluation text is readable here."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from lexfit.evaluation.runs import write_run
from lexfit.io import write_json
from lexfit.second_stage.plan import name_of, trainings
from lexfit.second_stage.reranker_trainings import Trainings
from lexfit.stages.common import RERANKERS, quiet_progress, replacing, run_stage
from lexfit.training.records import read_records

if TYPE_CHECKING:
    from lexfit.config import Params

logger = logging.getLogger(__name__)


def main(params: Params, name: str) -> None:
    """Write data/rerankers/NAME: folds/*.tsv (scores of held-out queries), model/ (the final one) and summary.json."""
    quiet_progress(params.runtime.progress)
    own = Trainings(params, name, read_records("reranker"))
    with replacing(RERANKERS / name) as folder:
        (folder / "folds").mkdir()
        _, start = own.start()
        facts = {"start": start}
        wanted = trainings(params)
        for number, excluded in enumerate(wanted, 1):
            logger.info("training %d of %d: %s", number, len(wanted), name_of(excluded))
            if excluded:
                run, facts[name_of(excluded)] = own.held_out_run(excluded)
                write_run(folder / "folds" / f"{name_of(excluded)}.tsv", run)
            else:
                model, facts[name_of(excluded)] = own.without(excluded)
                model.save_pretrained(str(folder / "model"), create_model_card=False)
        write_json(folder / "summary.json", {"trainings": facts})


if __name__ == "__main__":
    label = sys.argv[1]
    run_stage(f"reranker@{label}", lambda params: main(params, label))
