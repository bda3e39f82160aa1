"""The training records that stages read, behind the guard."""

from __future__ import annotations

from typing import Any

from lexfit.corpus.guard import check_training
from lexfit.errors import explained_contents
from lexfit.io import read_json
from lexfit.jsonl import read_jsonl
from lexfit.stages.common import NEGATIVES, TRAIN


def read_records(stage: str) -> dict[str, list[dict[str, Any]]]:
    """Training records, after the guard has looked at them."""
    queries = read_jsonl(TRAIN / "queries.jsonl")
    with explained_contents(str(TRAIN), "Run `dvc repro --force --single-item pairs`"):
        check_training(queries, read_json(TRAIN / "guard.json"), f"stage {stage} ({TRAIN / 'queries.jsonl'})")
    return {
        "queries": queries,
        "documents": read_jsonl(TRAIN / "documents.jsonl"),
        "pairs": read_jsonl(TRAIN / "pairs.jsonl"),
        "negatives": read_jsonl(NEGATIVES / "negatives.jsonl"),
    }
