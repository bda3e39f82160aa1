"""Stage listwise@NAME: train a language model to name statutes, and let it name those of held-out folds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lexfit.second_stage.listwise_trainings import ListwiseTrainings
from lexfit.second_stage.trainings import write_trainings
from lexfit.stages.common import LISTWISE, quiet_progress, replacing, run_stage
from lexfit.training.records import read_records

if TYPE_CHECKING:
    from lexfit.config import Params


def main(params: Params, name: str) -> None:
    """Write data/listwise/NAME."""
    quiet_progress(params.runtime.progress)
    with replacing(LISTWISE / name) as folder:
        write_trainings(ListwiseTrainings(params, name, read_records("listwise")), folder)


if __name__ == "__main__":
    label = sys.argv[1]
    run_stage(f"listwise@{label}", lambda params: main(params, label))
