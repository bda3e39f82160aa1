"""Was the model trained on what it is evaluated on? The answer, from the protocol, the scores and the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mteb

from lexfit.evaluation.seen import base_datasets

if TYPE_CHECKING:
    from lexfit.publishing.finished_run import FinishedRun

SHOWN = 10
HEADLINES = {
    "zero_shot": "No. None of the {queries} queries of {task} and none of its relevance judgements trained the model.",
    "holdout": (
        "Yes, on its training split: {trained} queries of the data set and their judgements trained the model. "
        "The {queries} test queries that are scored did not."
    ),
    "fire2019": (
        "Yes, on a part of it: {trained} of the {queries} queries of {task} and their judgements trained the model, "
        "as FIRE 2019 gives them for training."
    ),
    "kfold": "Yes. All {trained} queries of {task} and their judgements trained the model.",
    "all_labels": "Yes. All {trained} queries of {task} and their judgements trained the model.",
}


def headline(run: FinishedRun) -> str:
    """The answer in a sentence."""
    base = run.params.model.hub_id
    if run.scores["mteb"]["clean"] and run.task in (base_datasets(base) or set()):
        return f"Yes, before this training: mteb has {run.task} among the data sets that trained the base model {base}."
    trained = run.pairs["training_queries"].get("task", 0)
    return HEADLINES[run.params.protocol.name].format(
        task=run.task, queries=run.scores["mteb"]["queries"], trained=trained
    )


def base(run: FinishedRun) -> str:
    """What mteb knows of the base model's own training data."""
    hub_id = run.params.model.hub_id
    if base_datasets(hub_id) is None:
        return f"What trained the base model {hub_id} isn't declared in mteb, and so isn't known here."
    own = mteb.get_model_meta(hub_id).training_datasets
    return f"mteb has for the base model {hub_id}: {', '.join(sorted(own)) or 'none of its data sets'}."


def documents(run: FinishedRun) -> str:
    """Whether the texts that are ranked took part in training."""
    seen, of = run.scores["corpus_seen"]["documents"], run.scores["corpus_seen"]["of"]
    if not seen:
        return f"None of the {of} documents that are ranked has its text in what trained the model (`corpus_seen`)."
    return f"The texts of {seen} of the {of} documents that are ranked took part in training (`corpus_seen`)."


def dropped(run: FinishedRun) -> str | None:
    """What was left out of training since it overlapped with the evaluation; None if nothing was."""
    pairs = [f"{item['first']} for {item['second']}" for item in run.audit["dropped"]]
    more = f" and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
    return f"Left out of training for what it shares with a query: {', '.join(pairs[:SHOWN])}{more}." if pairs else None


def claim(run: FinishedRun) -> str | None:
    """The score that protocols claim where mteb's own is contaminated; None elsewhere."""
    mteb, claimed = run.scores["mteb"], run.scores["claim"]
    if mteb["clean"]:
        return None
    if claimed is None:
        return f"Protocol `{run.params.protocol.name}` claims no score: there is no query that the model hasn't seen."
    value = claimed["methods"]["finetuned"]["ndcg_at_10"]
    return (
        f"What the run claims instead is nDCG@10 {value} over {claimed['queries']} queries, {claimed['label']}. "
        "That score is in no file of this submission's results folder."
    )


def training_answer(run: FinishedRun) -> list[str]:
    """The whole answer: its headline, then what qualifies it, a sentence or two each."""
    said = [
        headline(run),
        f"The score on {run.task} is {run.scores['mteb']['label']} (protocol `{run.params.protocol.name}`).",
        claim(run),
        documents(run),
        f"The audit of all that trained says: {run.audit['verdict']}.",
        dropped(run),
        base(run),
    ]
    return [sentence for sentence in said if sentence]
