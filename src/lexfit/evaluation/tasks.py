"""The benchmark as an mteb task over local data: AILAStatutes itself, or a task of the same kind."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from datasets import Dataset
from mteb.abstasks.retrieval import AbsTaskRetrieval
from mteb.abstasks.task_metadata import TaskMetadata
from mteb.tasks.retrieval.eng.aila_statutes_retrieval import AILAStatutes

if TYPE_CHECKING:
    from lexfit.corpus.records import Collection, Document

DESCRIPTIONS = {
    "constitution": "The articles of the Constitution of India that apply to the facts of a case.",
    "beir": "A user's own retrieval data.",
}
NAMES = {"constitution": "ConstitutionOfIndiaArticles", "beir": "LocalRetrieval"}


def make_task(collection: Collection) -> AbsTaskRetrieval:
    """An mteb task filled with a collection's untouched texts and test queries.

    For `aila` and `aila_fire` it is MTEB's own AILAStatutes: the documents are those judged relevant to at
    least one query and present, texts and metadata as MTEB has them. Otherwise every document is ranked.
    `per_query` and `run` of the task hold, after evaluation, what mteb computed for each query.
    """
    source = collection.facts["source"]
    base: type[AbsTaskRetrieval] = AILAStatutes if source in {"aila", "aila_fire"} else _local_class(collection)

    class LocalTask(base):
        """The task, with mteb's per-query scores and ranking kept."""

        per_query: dict[str, dict[str, float]] = {}  # noqa: RUF012
        run: dict[str, dict[str, float]] = {}  # noqa: RUF012

        def task_specific_scores(self, scores: Any, qrels: Any, results: Any, hf_split: str, hf_subset: str) -> Any:
            """Keep what mteb passes and add no score."""
            self.per_query, self.run = scores, results
            return super().task_specific_scores(scores, qrels, results, hf_split, hf_subset)

    task = LocalTask()
    queries = {q.id: q for q in collection.queries if q.split == "test"}
    present = {d.id for d in collection.documents}
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for judgement in collection.judgements:
        if judgement.score > 0 and judgement.query_id in queries and judgement.doc_id in present:
            relevant[judgement.query_id][judgement.doc_id] = judgement.score
    documents = collection.documents
    if source in {"aila", "aila_fire"}:
        judged = {doc_id for docs in relevant.values() for doc_id in docs}
        documents = [d for d in documents if d.id in judged]
    task.dataset = {
        "default": {
            "test": {
                "corpus": Dataset.from_list([_row(d) for d in documents]),
                "queries": Dataset.from_list([{"id": q.id, "text": q.text} for q in queries.values()]),
                "relevant_docs": dict(relevant),
                "top_ranked": None,
            }
        }
    }
    task.data_loaded = True
    return task


def _row(document: Document) -> dict[str, str]:
    return {"id": document.id, "title": document.title, "text": document.text}


def _local_class(collection: Collection) -> type[AbsTaskRetrieval]:
    source, facts = collection.facts["source"], collection.facts

    class Local(AbsTaskRetrieval):
        """A retrieval task described by the collection's facts."""

        metadata = TaskMetadata(
            name=NAMES[source],
            description=DESCRIPTIONS[source],
            dataset={"path": facts["address"], "revision": str(facts["revision"] or facts["sha256"])},
            type="Retrieval",
            category="t2t",
            modalities=["text"],
            eval_splits=["test"],
            eval_langs=["eng-Latn"],
            main_score="ndcg_at_10",
            domains=["Legal", "Written"],
            task_subtypes=["Article retrieval"],
        )

    return Local
