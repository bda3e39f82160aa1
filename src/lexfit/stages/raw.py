"""Stage raw: load the task's source and any further training sources, with the facts of their origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.corpus.records import write_collection
from lexfit.corpus.sources import load
from lexfit.stages.common import RAW, replacing, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params


def main(params: Params) -> None:
    """Write data/raw/task and data/raw/further/NAME once every source has loaded."""
    task = load(params.data, seed=params.seed)
    further = {name: load(source, f"data.train.{name}", params.seed) for name, source in params.data.train.items()}
    with replacing(RAW) as folder:
        write_collection(folder / "task", task)
        for name, collection in further.items():
            write_collection(folder / "further" / name, collection)


if __name__ == "__main__":
    run_stage("raw", main)
