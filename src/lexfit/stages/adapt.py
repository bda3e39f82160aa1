"""Stage adapt: with `adapt.steps`, the base model learns the language of the documents that train."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.io import write_json
from lexfit.jsonl import read_jsonl
from lexfit.stages.common import ADAPTED, TRAIN, quiet_progress, replacing, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params


def main(params: Params) -> None:
    """Write data/adapted (sentence-transformers folder and summary; null without steps).

    Documents alone are read: a query that trains in one fold is held out in another.
    """
    quiet_progress(params.runtime.progress)
    if not params.adapt.steps:
        with replacing(ADAPTED) as folder:
            write_json(folder / "summary.json", None)
        return
    texts = sorted({p for d in read_jsonl(TRAIN / "documents.jsonl") for p in d["passages"] if p.strip()})
    from lexfit.training.adaptation import adapt
    from lexfit.training.phases import MODEL_FOLDER
    from lexfit.training.saving import save_model

    model, facts = adapt(params, texts, Path("dvclive/adapt"))
    with replacing(ADAPTED) as folder:
        save_model(model, folder / MODEL_FOLDER)
        write_json(folder / "summary.json", facts)


if __name__ == "__main__":
    run_stage("adapt", main)
