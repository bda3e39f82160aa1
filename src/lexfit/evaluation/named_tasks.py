"""Retrieval tasks of mteb scored beside the target, their data from the Hub, the FIRE release or a local copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasets import Dataset
from mteb.abstasks.retrieval_dataset_loaders import RetrievalSplitData

from lexfit.config_data import SourceParams
from lexfit.corpus.sources import beir
from lexfit.corpus.sources.aila_casedocs import load_casedocs
from lexfit.errors import LexfitError
from lexfit.evaluation.hub_tasks import find_task, keep_per_query, load_hub_task
from lexfit.evaluation.subset import part

if TYPE_CHECKING:
    from mteb.abstasks.retrieval import AbsTaskRetrieval

    from lexfit.config import DataParams, EvaluationParams
    from lexfit.corpus.records import Collection

WITHOUT = "name a local copy: `-S 'evaluation.tasks=[NAME@PATH]'`, or use `-S evaluation=standard`"
CASEDOCS = "AILACasedocs"


def asked_tasks(tasks: list[str]) -> dict[str, str]:
    """Where each task of `evaluation.tasks` has its data, by name.

    Raises:
        LexfitError: A task is named twice.
    """
    asked: dict[str, str] = {}
    for task in tasks:
        name, _, where = task.partition("@")
        if name in asked:
            raise LexfitError("params.yaml: evaluation.tasks", f"names {name} twice", "Name each task once")
        asked[name] = where or "hub"
    return asked


def load_named_task(name: str, where: str, data: DataParams) -> AbsTaskRetrieval:
    """One of `evaluation.tasks` with its data; after evaluation `per_query` holds scores by split, subset and query.

    Args:
        name: mteb's name of the task; its metadata are mteb's, whatever the data come from.
        where: `hub`, `fire` (AILACasedocs, as MTEB made it from the FIRE release), or a folder or zip in BEIR layout.
        data: Where the FIRE release is, if it is the target's as well.

    Raises:
        LexfitError: The task isn't known, or its data can't be had or read.
    """
    key = f"params.yaml: evaluation.tasks ({name})"
    if where == "hub":
        return load_hub_task(name, key, WITHOUT)
    task = find_task(name, key)
    if where == "fire":
        if name != CASEDOCS:
            raise LexfitError(key, f"asks the FIRE release for {name}", f"It holds {CASEDOCS}; name `hub` or a path")
        collection = load_casedocs(data if data.source == "aila_fire" else local_source(None, "test"), key)
    else:
        split = task.metadata.eval_splits[0]
        collection = beir.load(local_source(where, split), f"evaluation.tasks ({name})")
    return keep_per_query(fill(task, collection))


def local_source(path: str | None, split: str) -> SourceParams:
    """Params of a local copy in BEIR layout."""
    return SourceParams(
        source="beir",
        path=path,
        url=None,
        hub_id=None,
        revision=None,
        sha256=None,
        license="unknown",
        split=split,
        train_split=None,
    )


def fill(task: AbsTaskRetrieval, collection: Collection) -> AbsTaskRetrieval:
    """The task with a collection's documents, and the queries that have a positive among them."""
    present = {d.id for d in collection.documents}
    relevant: dict[str, dict[str, int]] = {}
    for judgement in collection.judgements:
        if judgement.score > 0 and judgement.doc_id in present:
            relevant.setdefault(judgement.query_id, {})[judgement.doc_id] = judgement.score
    queries = [{"id": q.id, "text": q.text} for q in collection.queries if q.id in relevant]
    rows = [{"id": d.id, "title": d.title, "text": d.text} for d in collection.documents]
    corpus, asked = Dataset.from_list(rows), Dataset.from_list(queries)
    split = task.metadata.eval_splits[0]
    data = RetrievalSplitData(corpus=corpus, queries=asked, relevant_docs=relevant, top_ranked=None)
    task.dataset = {"default": {split: data}}
    task.data_loaded = True
    return task


def cut(task: AbsTaskRetrieval, params: EvaluationParams, seed: int) -> AbsTaskRetrieval:
    """The task over a drawn part of each split's queries and documents (`lexfit.evaluation.subset`)."""
    for splits in task.dataset.values():
        for split in splits.values():
            relevant = {q: {d for d, s in docs.items() if s > 0} for q, docs in split["relevant_docs"].items()}
            kept, documents = part(relevant, split["corpus"]["id"], relevant, params, seed)
            split["queries"] = split["queries"].filter(lambda row, kept=kept: row["id"] in kept)
            split["corpus"] = split["corpus"].filter(lambda row, kept=documents: row["id"] in kept)
            split["relevant_docs"] = {q: docs for q, docs in split["relevant_docs"].items() if q in kept}
    return task


def texts_of(task: AbsTaskRetrieval) -> tuple[dict[str, str], dict[str, str]]:
    """Queries and documents of all splits by id, titles in front as mteb has them."""
    queries: dict[str, str] = {}
    documents: dict[str, str] = {}
    for splits in task.dataset.values():
        for split in splits.values():
            queries |= {row["id"]: row["text"] for row in split["queries"]}
            documents |= {row["id"]: f"{row.get('title') or ''} {row['text']}".strip() for row in split["corpus"]}
    return queries, documents
