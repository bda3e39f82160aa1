"""Stage retention_base: the tasks that have nothing to do with the target, and the base model's scores on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.evaluation.retention import score_model, write_scores
from lexfit.evaluation.retention_tasks import build_task
from lexfit.io import write_json
from lexfit.jsonl import write_jsonl
from lexfit.stages.common import RETENTION_BASE, quiet_progress, replacing, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.evaluation.retention import Scores


def main(params: Params) -> None:
    """Write data/retention_base: each task's pairs, scores.tsv by query, and a summary of the sources."""
    quiet_progress(params.runtime.progress)
    tasks = [build_task(name, params.retention, params.seed) for name in params.retention.tasks]
    scores: Scores = {}
    sources = {task.name: task.source for task in tasks}
    with replacing(RETENTION_BASE) as folder:
        for task in tasks:
            write_jsonl(folder / f"{task.name}.jsonl", (pair._asdict() for pair in task.pairs))
        if tasks or params.retention.mteb_tasks:
            from lexfit.evaluation.cached_encoder import cached
            from lexfit.training.base_models import load_base_model, prepare_torch

            prepare_torch(params.hardware, params.seed)
            model = cached(load_base_model(params.model, params.hardware, params.runtime), params.runtime)
            scores = score_model(model, {task.name: task.pairs for task in tasks}, params, "base", folder)
        for name in params.retention.mteb_tasks:
            from importlib.metadata import version

            sources[name] = f"mteb {version('mteb')}"
        write_scores(folder / "scores.tsv", scores)
        write_json(folder / "summary.json", {"sources": sources, "queries": {n: len(s) for n, s in scores.items()}})


if __name__ == "__main__":
    run_stage("retention_base", main)
