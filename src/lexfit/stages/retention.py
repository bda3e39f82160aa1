"""Stage retention: the tuned model on tasks that have nothing to do with the target; a large drop ends the run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.evaluation.retention import Pair, Scores, check_drop, compare_models, read_scores, score_model
from lexfit.io import read_json, write_json, write_tsv
from lexfit.jsonl import read_jsonl
from lexfit.stages.common import MODEL, RETENTION, RETENTION_BASE, quiet_progress, replacing, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params

LAST = Path("logs/retention.json")


def score_tuned(params: Params, folder: Path) -> Scores:
    """Scores of the saved model, on the very pairs that the base model was scored on."""
    if not params.retention.tasks and not params.retention.mteb_tasks:
        return {}
    from sentence_transformers import SentenceTransformer

    from lexfit.evaluation.cached_encoder import cached
    from lexfit.training.base_models import check_device, prepare_torch

    prepare_torch(params.hardware, params.seed)
    tuned = SentenceTransformer(str(MODEL / "sentence_transformer"), device=check_device(params.runtime))
    tasks: dict[str, list[Pair]] = {
        name: [Pair(**record) for record in read_jsonl(RETENTION_BASE / f"{name}.jsonl")]
        for name in params.retention.tasks
    }
    return score_model(cached(tuned, params.runtime), tasks, params, "tuned", folder)


def main(params: Params) -> None:
    """Write data/retention: summary.json and per_query.tsv.

    After a drop beyond `retention.max_drop` the comparison is in logs/retention.json only, and the output of an
    earlier run stays.
    """
    quiet_progress(params.runtime.progress)
    base = read_scores(RETENTION_BASE / "scores.tsv")
    with replacing(RETENTION) as folder:
        tuned = score_tuned(params, folder)
        summary = compare_models(base, tuned, params.evaluation, params.seed)
        for name, source in read_json(RETENTION_BASE / "summary.json")["sources"].items():
            summary["tasks"][name]["source"] = source
        write_json(LAST, summary)
        check_drop(summary, params.retention.max_drop, LAST)
        write_json(folder / "summary.json", summary)
        rows = [[t, q, b, tuned[t][q], round(tuned[t][q] - b, 5)] for t, own in base.items() for q, b in own.items()]
        write_tsv(folder / "per_query.tsv", ["task", "query_id", "base", "tuned", "change"], rows)


if __name__ == "__main__":
    run_stage("retention", main)
