"""Stage reranker@NAME: train a cross-encoder, and rank held-out folds by it; no evaluation text is readable here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lexfit.second_stage.reranker_trainings import RerankerTrainings
from lexfit.second_stage.trainings import write_trainings
from lexfit.stages.common import RERANKERS, quiet_progress, replacing, run_stage
from lexfit.training.records import read_records

if TYPE_CHECKING:
    from lexfit.config import Params


def main(params: Params, name: str) -> None:
    """Write data/rerankers/NAME."""
    quiet_progress(params.runtime.progress)
    with replacing(RERANKERS / name) as folder:
        write_trainings(RerankerTrainings(params, name, read_records("reranker")), folder)


if __name__ == "__main__":
    label = sys.argv[1]
    run_stage(f"reranker@{label}", lambda params: main(params, label))
