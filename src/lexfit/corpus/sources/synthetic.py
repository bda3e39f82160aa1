"""Queries that stage `synthetic` wrote, as a training source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.corpus.records import Collection, Document, Judgement, Query, validate
from lexfit.errors import LexfitError
from lexfit.io import read_json, read_jsonl

if TYPE_CHECKING:
    from lexfit.config import TrainSourceParams

FOLDER = Path("data/synthetic")


def load(source: TrainSourceParams, key: str) -> Collection:
    """The collection in data/synthetic/NAME, NAME being the source's in `data.train`.

    Raises:
        LexfitError: The stage hasn't written it, or no query passed its filters.
    """
    folder = FOLDER / key.rpartition(".")[2]
    if not (folder / "queries.jsonl").exists():
        raise LexfitError(str(folder), "isn't there", "Run `dvc repro synthetic` first; `dvc repro` does")
    rows = read_jsonl(folder / "queries.jsonl")
    facts = read_json(folder / "facts.json")
    if not rows:
        counts = ", ".join(f"{reason} {count}" for reason, count in facts["dropped"]["queries"].items())
        raise LexfitError(
            f"params.yaml: {key}.options.within",
            f"no synthetic query passed ({counts})",
            "Raise options.within, max_copied or per_document, or choose another generator",
        )
    documents = [Document(d["id"], d["title"], d["text"]) for d in read_jsonl(folder / "documents.jsonl")]
    queries = [Query(row["id"], row["text"], "train", row["document"]) for row in rows]
    judgements = [Judgement(row["id"], row["document"], 1) for row in rows]
    return validate(
        Collection(documents, queries, judgements, {**facts, "revision": source.revision, "license": source.license})
    )
