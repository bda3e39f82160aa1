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


def load_hub_task(name: str) -> AbsTaskRetrieval:
    """A retrieval task with its data; after evaluation `per_query` holds scores by split, subset and query.

    Raises:
        LexfitError: mteb has no such task, it isn't retrieval, or its data can't be had.
    """
    try:
        task = mteb.get_task(name)
    except KeyError as error:
        raise LexfitError(KEY, str(error.args[0]).removeprefix("KeyError: "), "Name a task of mteb") from error
    if not isinstance(task, AbsTaskRetrieval):
        raise LexfitError(
            KEY,
            f"{name} is a task of type {task.metadata.type}, and retention.max_drop counts nDCG@10",
            "Name retrieval tasks only",
        )
    try:
        task.load_data()
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise LexfitError(
            KEY,
            f"{name} can't be loaded from the Hub ({reason})",
            "Run where the Hub can be reached (without HF_HUB_OFFLINE), or do without: `-S retention=docstrings`",
        ) from error
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
