"""Queries that stage `synthetic` wrote, as a training source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.corpus.validation import validate
from lexfit.errors import LexfitError, explained_contents
from lexfit.io import read_json
from lexfit.jsonl import read_jsonl

if TYPE_CHECKING:
    from lexfit.config import TrainSourceParams

FOLDER = Path("data/synthetic")


def _texts(record: dict[str, Any], *keys: str) -> list[str]:
    values = [record[key] for key in keys]
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"one of {', '.join(keys)} is not text")
    return values


def load(source: TrainSourceParams, key: str) -> Collection:
    """The collection in data/synthetic/NAME, NAME being the source's in `data.train`.

    Raises:
        LexfitError: The stage hasn't written it, or no query passed its filters.
    """
    folder = FOLDER / key.rpartition(".")[2]
    if not (folder / "queries.jsonl").exists():
        raise LexfitError(str(folder), "isn't there", "Run `dvc repro synthetic` first; `dvc repro` does")
    rows, facts = read_jsonl(folder / "queries.jsonl"), read_json(folder / "facts.json")
    with explained_contents(str(folder), "Run `dvc repro --force --single-item synthetic`"):
        if not rows:
            counts = ", ".join(f"{reason} {count}" for reason, count in facts["dropped"]["queries"].items())
            raise LexfitError(
                f"params.yaml: {key}.options.within",
                f"no synthetic query passed ({counts})",
                "Raise options.within, max_copied or per_document, or choose another generator",
            )
        documents = [Document(*_texts(d, "id", "title", "text")) for d in read_jsonl(folder / "documents.jsonl")]
        made = [_texts(row, "id", "text", "document") for row in rows]
        queries = [Query(row_id, text, "train", document) for row_id, text, document in made]
        judgements = [Judgement(row_id, document, 1) for row_id, _, document in made]
        facts = {**facts, "revision": source.revision, "license": source.license}
    file = folder / "queries.jsonl"
    places = {f"document/{d.id}": f"{folder / 'documents.jsonl'}: {d.id}" for d in documents}
    places |= {f"query/{q.id}": f"{file}: {q.id}" for q in queries}
    places |= {f"judgement/{j.query_id}/{j.doc_id}": f"{file}: {j.query_id}" for j in judgements}
    return validate(Collection(documents, queries, judgements, facts), places)
