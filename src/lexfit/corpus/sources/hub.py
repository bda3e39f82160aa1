"""A retrieval data set of the Hub in MTEB's layout: configs `corpus`, `queries`, `default` (the judgements)."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.corpus.validation import validate
from lexfit.errors import LexfitError, explained_contents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lexfit.config import SourceParams

    Rows = Iterable[dict[str, Any]]


def _load_rows(source: SourceParams, key: str) -> Callable[[str], dict[str, Rows]]:
    """A function from config name to its splits (none if there is no such config), through `datasets`."""
    from datasets import get_dataset_config_names, load_dataset  # noqa: PLC0415  (slow import)

    def rows(config: str) -> dict[str, Rows]:
        try:
            if config not in get_dataset_config_names(source.hub_id, revision=source.revision):
                return {}
            return dict(load_dataset(source.hub_id, config, revision=source.revision))
        except (OSError, ValueError, RuntimeError) as error:
            raise LexfitError(
                f"params.yaml: {key}.hub_id",
                f"{source.hub_id} ({config}, revision {source.revision}) can't be had: {type(error).__name__}: {error}",
                "Connect to the Hub, or use a local copy: `-S data=aila_fire` (the FIRE release) or `-S data=beir`",
            ) from error

    return rows


def collect(source: SourceParams, rows: Callable[[str], dict[str, Rows]]) -> Collection:
    """The collection of the configs' rows; ids may be named `_id` or `id`."""

    def record_id(row: dict[str, Any]) -> str:
        return str(row["_id"] if "_id" in row else row["id"])

    def text_of(row: dict[str, Any]) -> str:
        if not isinstance(row["text"], str):
            raise TypeError(f"the text of {record_id(row)} is {type(row['text']).__name__}")
        return row["text"]

    def all_rows(config: str) -> Rows:
        return (row for split in rows(config).values() for row in split)

    documents = [Document(record_id(r), r.get("title") or "", text_of(r)) for r in all_rows("corpus")]
    splits: dict[str, str] = {}
    judgements = []
    judged = rows("default") or rows("qrels")
    for split, role in ((source.split, "test"), (source.train_split, "train")):
        if split is None:
            continue
        if split not in judged:
            raise LexfitError(
                "params.yaml: data.split",
                f"no split {split!r} in {source.hub_id}",
                f"It has {sorted(judged)}",
            )
        for row in judged[split]:
            judgement = Judgement(str(row["query-id"]), str(row["corpus-id"]), int(row["score"]))
            judgements.append(judgement)
            splits.setdefault(judgement.query_id, role)
    queries = [
        Query(record_id(r), text_of(r), splits[record_id(r)]) for r in all_rows("queries") if record_id(r) in splits
    ]
    facts = {
        "source": source.source,
        "address": f"hf:datasets/{source.hub_id}",
        "revision": source.revision,
        "license": source.license,
        "sha256": hashlib.sha256(
            json.dumps(
                [[d.id, d.title, d.text] for d in documents] + [[q.id, q.text] for q in queries] + judgements
            ).encode()
        ).hexdigest(),
    }
    return validate(Collection(documents, queries, judgements, facts))


def load_hub(source: SourceParams, key: str) -> Collection:
    """Load a Hub data set; a revision is required, so that the same params give the same data."""
    if source.hub_id is None or source.revision is None:
        raise LexfitError(f"params.yaml: {key}.revision", "a Hub data set needs hub_id and revision", "Pin a commit")
    with explained_contents(f"hf:datasets/{source.hub_id}", "Name a retrieval data set in MTEB's layout"):
        return collect(source, _load_rows(source, key))
