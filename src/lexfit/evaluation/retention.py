"""What fine-tuning cost elsewhere: base and tuned model on tasks that have nothing to do with the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lexfit.errors import LexfitError
from lexfit.evaluation.dense import dense_run
from lexfit.evaluation.significance import mean_interval
from lexfit.evaluation.trec import evaluate
from lexfit.io import read_text, write_tsv
from lexfit.rows import number, placed_rows

if TYPE_CHECKING:
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

    from lexfit.config import EvaluationParams, Params

Scores = dict[str, dict[str, float]]  # nDCG@10 by task and query id
SCORE_COLUMNS = ["task", "query_id", "ndcg_at_10"]


class Pair(NamedTuple):
    """A query and the only document that is relevant to it; both have the id."""

    id: str
    query: str
    document: str


def pair_scores(model: SentenceTransformer, pairs: list[Pair], batch_size: int, progress: bool) -> dict[str, float]:
    """nDCG@10 of each pair's query over the documents of all pairs."""
    queries, passages = {p.id: p.query for p in pairs}, {p.id: [p.document] for p in pairs}
    scored = evaluate(dense_run(model, queries, passages, batch_size, progress), {p.id: {p.id: 1} for p in pairs})
    return {query: scores["ndcg_at_10"] for query, scores in scored.items()}


def score_model(
    model: SentenceTransformer, tasks: dict[str, list[Pair]], params: Params, which: str, folder: Path
) -> Scores:
    """Scores on the given tasks and on `retention.mteb_tasks`, whose JSON goes below `folder`/mteb.

    Args:
        model: Encodes with its own prompts, as for the target task.
        tasks: Pairs by task.
        params: Batch size, and which mteb tasks.
        which: `base` or `tuned`.
        folder: The stage's output.
    """
    batch, progress = params.evaluation.batch_size, params.runtime.progress
    if not params.retention.mteb_tasks:
        return {name: pair_scores(model, pairs, batch, progress) for name, pairs in tasks.items()}
    from lexfit.evaluation.hub_tasks import hub_scores, load_hub_task  # noqa: PLC0415  (imports torch)

    # What can't be had is an error before anything is scored.
    hub = {name: load_hub_task(name) for name in params.retention.mteb_tasks}
    scores = {name: pair_scores(model, pairs, batch, progress) for name, pairs in tasks.items()}
    return scores | {name: hub_scores(model, task, which, folder / "mteb", batch) for name, task in hub.items()}


def write_scores(path: Path, scores: Scores) -> None:
    """Write scores as TSV, every digit kept."""
    rows = [[task, query, repr(value)] for task, own in scores.items() for query, value in own.items()]
    write_tsv(path, SCORE_COLUMNS, rows)


def read_scores(path: Path) -> Scores:
    """Read what `write_scores` wrote."""
    scores: Scores = {}
    for place, row in placed_rows(read_text(path), str(path), SCORE_COLUMNS, "\t", quoted=False):
        scores.setdefault(row["task"], {})[row["query_id"]] = number(row["ndcg_at_10"], place)
    return scores


def compare_models(base: Scores, tuned: Scores, params: EvaluationParams, seed: int) -> dict[str, Any]:
    """Mean nDCG@10 by task, the paired change with its interval, and the means over tasks (None without tasks)."""
    tasks: dict[str, Any] = {}
    for name, before in base.items():
        after = tuned[name]
        if set(before) != set(after):
            raise ValueError("Both models must be scored on the same queries.")
        change = mean_interval([after[q] - before[q] for q in before], params, seed)
        tasks[name] = {
            "queries": len(before),
            "base": round(sum(before.values()) / len(before), 5),
            "tuned": round(sum(after.values()) / len(after), 5),
            "change": round(change.mean, 5),
            "low": round(change.low, 5),
            "high": round(change.high, 5),
        }
    keys = ("base", "tuned", "change")
    mean = {key: round(sum(task[key] for task in tasks.values()) / len(tasks), 5) for key in keys} if tasks else None
    return {"tasks": tasks, "mean": mean}


def check_drop(summary: dict[str, Any], max_drop: float, details: Path) -> None:
    """Raise `LexfitError` if a task fell by more than `max_drop`: what one gains doesn't make up for another.

    Args:
        summary: Of `compare_models`.
        max_drop: Allowed fall of nDCG@10, a fraction.
        details: Where the whole comparison can be read.
    """
    if not summary["tasks"]:
        return
    name, worst = min(summary["tasks"].items(), key=lambda item: item[1]["change"])
    if -worst["change"] > max_drop:
        raise LexfitError(
            "params.yaml: retention.max_drop",
            f"nDCG@10 on {name} fell from {worst['base']:.4f} (base) to {worst['tuned']:.4f} "
            f"(tuned), a drop of {-worst['change']:.4f} where {max_drop} is allowed; {details} has it by task",
            "The model forgets: lower train.learning_rate or train.epochs, set train.interpolation below 1, use "
            "`-S adapter=lora`, or raise retention.max_drop",
        )
