"""The text of the pull request to MTEB's results repository, and what it says of each score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.evaluation.seen import base_datasets
from lexfit.publishing.answer import training_answer
from lexfit.publishing.model_meta import module_name
from lexfit.reporting.markdown import fill

if TYPE_CHECKING:
    from mteb.models.model_meta import ModelMeta
    from mteb.results import TaskResult

    from lexfit.publishing.finished_run import FinishedRun

TEMPLATE = Path(__file__).with_name("pull_request.md.j2")
IMPLEMENTATIONS = Path("mteb/models/model_implementations")


def label_of(run: FinishedRun, meta: ModelMeta, task: str) -> str:
    """Whether the model had seen a task: the protocol's word for the run's own, else what is declared and compared."""
    base = base_datasets(run.params.model.hub_id)
    if task == run.task and (not run.scores["mteb"]["clean"] or task not in (base or set())):
        return f"{run.scores['mteb']['label']} (protocol {run.params.protocol.name})"
    if task in (meta.get_training_datasets() or set()):
        return "contaminated: among the training data that the model or its base declares"
    if task in run.scores["tasks"]:
        return str(run.scores["tasks"][task]["label"])
    if base is None:
        return "not among the training data that the model declares; its base declares none"
    return "not among the training data that the model and its base declare"


def pull_request(
    run: FinishedRun, meta: ModelMeta, results: list[TaskResult], labels: dict[str, str], foreign: list[str]
) -> str:
    """The text of the pull request to MTEB's results repository."""
    rows: list[list[Any]] = [
        [result.task_name, split, score["hf_subset"], score["main_score"], labels[result.task_name]]
        for result in results
        for split, scores in result.scores.items()
        for score in scores
    ]
    trained = [(run.sources[name], queries) for name, queries in run.pairs["training_queries"].items()]
    return fill(
        TEMPLATE,
        meta=meta,
        rows=rows,
        foreign=foreign,
        answer=training_answer(run),
        declared=sorted(meta.training_datasets or set()),
        trained=trained,
        version=", ".join(sorted({str(result.mteb_version) for result in results})),
        folder=f"results/{meta.model_name_as_path()}/{meta.revision}",
        weights=run.meta["revision"],
        seed=run.params.seed,
        task_source=run.sources["task"],
        commit=run.commit,
        entry=IMPLEMENTATIONS / module_name(str(meta.name)),
        hub_commit=meta.revision != run.meta["revision"],
    )
