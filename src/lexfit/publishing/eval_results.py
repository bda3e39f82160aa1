"""Scores of mteb's result files where the Hub shows them: `.eval_results` files and the card's front matter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import mteb
import yaml
from huggingface_hub import (
    EvalResult,
    EvalResultEntry,
    ModelCard,
    eval_result_entries_to_yaml,
    parse_eval_result_entries,
)
from mteb.cache import ResultCache

from lexfit.errors import LexfitError
from lexfit.io import write_text
from lexfit.publishing.finished_run import CARD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mteb.abstasks.abstask import AbsTask
    from mteb.models.model_meta import ModelMeta
    from mteb.results import TaskResult

Key = tuple[str, str | None, str]


def task_of(result: TaskResult) -> AbsTask | None:
    """mteb's task of a result; None for a task that mteb doesn't have."""
    try:
        return mteb.get_task(result.task_name)
    except KeyError:
        return None


def hub_entries(result: TaskResult, task: AbsTask, label: str, source_url: str) -> list[EvalResultEntry]:
    """A result's entries for the data set's leaderboard on the Hub: each subset of each split, and the task as a whole.

    Ids and the scale are those that mteb itself sends there: a score of 0.54785 is 54.785.

    Args:
        result: What mteb wrote.
        task: Of `task_of`.
        label: Whether the model had seen what it is scored on; the Hub shows it beside the score.
        source_url: Where the score is explained.
    """
    data = task.metadata.dataset
    values = {
        f"{result.task_name}_{score['hf_subset']}_{split}": score["main_score"]
        for split, scores in result.scores.items()
        for score in scores
    }
    if len(result.scores) == len(task.metadata.eval_splits) and len(result.hf_subsets) == len(task.hf_subsets):
        values[result.task_name] = result.get_score()
    return [
        EvalResultEntry(
            dataset_id=data["path"],
            task_id=task_id,
            value=round(100 * float(value), 5),
            dataset_revision=data["revision"],
            source_url=source_url,
            source_name="Model card",
            notes=f"{label}; {task.metadata.main_score} times 100, by MTEB {result.mteb_version}",
        )
        for task_id, value in values.items()
    ]


def write_entries(path: Path, entries: Sequence[EvalResultEntry]) -> None:
    """Write one `.eval_results` file and read it back as the Hub's client does."""
    write_text(path, yaml.safe_dump(eval_result_entries_to_yaml(list(entries)), sort_keys=False, allow_unicode=True))
    read = parse_eval_result_entries(yaml.safe_load(path.read_text(encoding="utf-8")))
    if read != list(entries):
        raise LexfitError(path.name, "reads back as other results than were written", "Update huggingface_hub")


def _key(result: EvalResult) -> Key:
    return (result.dataset_type, result.dataset_split, result.metric_type)


def merge(own: Sequence[EvalResult], written: Sequence[EvalResult]) -> list[EvalResult]:
    """The card's own results, with mteb's in the place of those that say the same of the same split.

    Raises:
        LexfitError: The card gives another score than mteb wrote.
    """
    values = {_key(result): result.metric_value for result in reversed(written)}
    for result in own:
        if _key(result) in values and result.metric_value != values[_key(result)]:
            raise LexfitError(
                str(CARD),
                f"says {result.metric_type} {result.metric_value} of {result.dataset_name}, and mteb wrote "
                f"{values[_key(result)]}",
                "Run `dvc repro`",
            )
    return [*(result for result in own if _key(result) not in values), *written]


def write_card(path: Path, meta: ModelMeta, results: Sequence[TaskResult], labels: Mapping[str, str]) -> None:
    """The run's card with what mteb adds to its front matter; the text stays as it is.

    mteb's function is the one behind `mteb create-model-results` (once `create-meta`), which itself takes registered
    models only. mteb's entries for the card's results come from the result files.

    Args:
        path: The new card, in the folder that has the results.
        meta: The model's entry.
        results: What mteb wrote of the model.
        labels: What stands beside the scores, by task.

    Raises:
        LexfitError: The card gives another score of a task than mteb's file.
    """
    cache = ResultCache(path.parent)
    meta.push_model_card_to_hub(existing_model_card_id_or_path=CARD, results_cache=cache, output_path=path)
    card = ModelCard.load(path)
    written = [
        replace(entry, dataset_name=f"MTEB {entry.dataset_name}: {labels[result.task_name]}")
        for result in results
        if task_of(result) is not None
        for entry in result.get_hf_eval_results()
    ]
    card.data.eval_results = merge(card.data.eval_results or [], written)
    card.data.tags = list(dict.fromkeys(card.data.tags or []))
    write_text(path, f"{str(card).rstrip()}\n")
