"""What is ranked: queries, and for each document the texts that are encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lexfit.corpus.protocols import FIRE_TEST, NO_FOLD
from lexfit.errors import explained_contents
from lexfit.jsonl import read_jsonl
from lexfit.stages.common import EVAL, TRAIN

if TYPE_CHECKING:
    from lexfit.config import DataParams

AGAIN = "Run `dvc repro --force --single-item pairs`"


def ranked_passages(documents: list[dict[str, Any]], source: str, split: str) -> dict[str, list[str]]:
    """What is encoded for each document of a source: its untouched text, or its passages where split."""
    own = [d for d in documents if d["source"] == source]
    return {d["id"]: d["passages"] if split != "none" else [d["text"]] for d in own}


@explained_contents(str(EVAL), AGAIN)
def held_out_inputs(split: str) -> dict[str, tuple[dict[str, str], dict[str, list[str]]]]:
    """Held-out queries of further sources, and what is encoded of all of their documents, by source."""
    queries, documents = read_jsonl(EVAL / "further.jsonl"), read_jsonl(EVAL / "further_documents.jsonl")
    return {
        source: (
            {q["id"]: q["text"] for q in queries if q["source"] == source},
            ranked_passages(documents, source, split),
        )
        for source in sorted({q["source"] for q in queries})
    }


@explained_contents(str(EVAL), AGAIN)
def fire_inputs(protocol: str, data: DataParams, split: str) -> tuple[dict[str, str], dict[str, list[str]]] | None:
    """AILA_Q11-Q50 and all 197 statutes, where a model that saw no AILA query can be scored as the FIRE track did.

    None under other protocols and for other data; `fire2019` itself makes its claim over them.

    Args:
        protocol: Its name.
        data: `source` is used.
        split: `clean.split`.
    """
    if data.source != "aila_fire" or protocol != "zero_shot":
        return None
    documents = [{**d, "source": "task"} for d in read_jsonl(EVAL / "documents.jsonl")]
    queries = {q["id"]: q["text"] for q in read_jsonl(EVAL / "queries.jsonl") if q["id"] in FIRE_TEST}
    return queries, ranked_passages(documents, "task", split)


@explained_contents(str(EVAL), AGAIN)
def ranking_inputs(split: str, *, training: bool = True) -> list[tuple[dict[str, str], dict[str, list[str]]]]:
    """Queries and what is encoded of the documents: the task's own, then each further source's.

    Args:
        split: `clean.split`.
        training: Of further sources those training queries too that are in folds, not just those held out.
    """
    candidates = [d for d in read_jsonl(EVAL / "documents.jsonl") if d["role"] == "candidate"]
    task = {q["id"]: q["text"] for q in read_jsonl(EVAL / "queries.jsonl")}
    inputs = [(task, ranked_passages([{**d, "source": "task"} for d in candidates], "task", split))]
    inputs += held_out_inputs(split).values()
    if not training:
        return inputs
    queries = [q for q in read_jsonl(TRAIN / "queries.jsonl") if q["fold"] != NO_FOLD]
    documents = read_jsonl(TRAIN / "documents.jsonl")
    for source in sorted({q["source"] for q in queries} - {"task"}):
        own = {q["id"]: q["text"] for q in queries if q["source"] == source}
        inputs.append((own, ranked_passages(documents, source, split)))
    return inputs
