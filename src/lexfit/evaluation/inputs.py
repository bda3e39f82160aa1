"""What is ranked: queries, and for each document the texts that are encoded."""

from __future__ import annotations

from typing import Any

from lexfit.io import read_jsonl
from lexfit.stages.common import EVAL, TRAIN


def ranked_passages(documents: list[dict[str, Any]], source: str, split: str) -> dict[str, list[str]]:
    """What is encoded for each document of a source: its untouched text, or its passages where split."""
    own = [d for d in documents if d["source"] == source]
    return {d["id"]: d["passages"] if split != "none" else [d["text"]] for d in own}


def ranking_inputs(split: str) -> list[tuple[dict[str, str], dict[str, list[str]]]]:
    """Queries and what is encoded of the documents: the task's own, then each further source's."""
    candidates = [d for d in read_jsonl(EVAL / "documents.jsonl") if d["role"] == "candidate"]
    task = {q["id"]: q["text"] for q in read_jsonl(EVAL / "queries.jsonl")}
    inputs = [(task, ranked_passages([{**d, "source": "task"} for d in candidates], "task", split))]
    queries, documents = read_jsonl(TRAIN / "queries.jsonl"), read_jsonl(TRAIN / "documents.jsonl")
    for source in sorted({q["source"] for q in queries} - {"task"}):
        own = {q["id"]: q["text"] for q in queries if q["source"] == source}
        inputs.append((own, ranked_passages(documents, source, split)))
    return inputs
