"""mteb's own retrieval tasks, from the Hub, scored query by query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mteb
from mteb.abstasks.retrieval import AbsTaskRetrieval

from lexfit.errors import LexfitError
from lexfit.evaluation.benchmark import as_encoder, benchmark

if TYPE_CHECKING:
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

KEY = "params.yaml: retention.mteb_tasks"
WITHOUT = "do without: `-S retention=docstrings`"


def find_task(name: str, key: str) -> AbsTaskRetrieval:
    """mteb's own retrieval task of that name, without its data.

    Raises:
        LexfitError: mteb has no such task, or it isn't retrieval.
    """
    try:
        task = mteb.get_task(name)
    except KeyError as error:
        raise LexfitError(key, str(error.args[0]).removeprefix("KeyError: "), "Name a task of mteb") from error
    if not isinstance(task, AbsTaskRetrieval):
        raise LexfitError(
            key,
            f"{name} is a task of type {task.metadata.type}, and what is counted is nDCG@10",
            "Name retrieval tasks only",
        )
    return task


def load_hub_task(name: str, key: str = KEY, without: str = WITHOUT) -> AbsTaskRetrieval:
    """A retrieval task with its data; after evaluation `per_query` holds scores by split, subset and query.

    Args:
        name: mteb's.
        key: Where it was asked for.
        without: What to do where the Hub can't be reached.

    Raises:
        LexfitError: mteb has no such task, it isn't retrieval, or its data can't be had.
    """
    task = find_task(name, key)
    try:
        task.load_data()
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise LexfitError(
            key,
            f"{name} can't be loaded from the Hub ({reason})",
            f"Run where the Hub can be reached (without HF_HUB_OFFLINE), or {without}",
        ) from error
    return keep_per_query(task)


def keep_per_query(task: AbsTaskRetrieval) -> AbsTaskRetrieval:
    """The task, which keeps in `per_query` what mteb computes by split, subset and query."""
    inherited = task.task_specific_scores
    kept: dict[str, dict[str, float]] = {}

    def keep(scores: Any, qrels: Any, results: Any, hf_split: str, hf_subset: str) -> Any:
        further = inherited(scores, qrels, results, hf_split, hf_subset)
        kept.update({f"{hf_split}/{hf_subset}/{query}": own for query, own in scores.items()})
        task.per_query, task.run = kept, results
        return further

    task.task_specific_scores = keep
    return task


def hub_scores(
    model: SentenceTransformer, task: AbsTaskRetrieval, which: str, folder: Path, batch_size: int
) -> dict[str, float]:
    """nDCG@10 by query, pooled over the task's splits and subsets.

    Args:
        model: Encodes with its own prompts.
        task: Of `load_hub_task`.
        which: `base` or `tuned`, under which mteb files its result.
        folder: Gets mteb's JSON.
        batch_size: Texts encoded at once.
    """
    done = benchmark(as_encoder(model, "lexfit/retention", which), task, folder, batch_size)
    return {query: float(scores["ndcg_cut_10"]) for query, scores in done.per_query.items()}
