"""Any table with a column of queries and one of positives: a local file or a Hub data set, by configuration alone."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.corpus.archive import checked_sha256
from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.corpus.sources.options import ColumnOptions, options_of
from lexfit.corpus.tables import Table, read_hub_table, read_table
from lexfit.corpus.validation import validate
from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from lexfit.config import TrainSourceParams


def digest_of(*texts: str) -> str:
    """SHA-256 of texts, in hex."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def content_id(text: str) -> str:
    """An id that only the same text has."""
    return digest_of(text)[:16]


def texts_of(value: Any, place: str, column: str) -> list[str]:
    """A cell's texts without blank ones; a cell is text, a list of texts, or null."""
    values = value if isinstance(value, list) else [value]
    for item in values:
        if item is not None and not isinstance(item, str):
            problem = f"column {column!r} holds {type(item).__name__} {item!r:.40}, not text"
            raise LexfitError(place, problem, "Write text, or a list of texts")
    return [item.strip() for item in values if item is not None and item.strip()]


def check_columns(options: ColumnOptions, table: Table, where: str, key: str) -> None:
    """Refuse options that name a column which the table doesn't have, or has several times."""
    named = [("query_column", options.query_column), ("positive_column", options.positive_column)]
    named += [("negative_columns", name) for name in options.negative_columns]
    named += [("title_column", options.title_column)] if options.title_column is not None else []
    for option, name in named:
        if table.columns.count(name) != 1:
            how = "several columns" if name in table.columns else "no column"
            raise LexfitError(
                f"params.yaml: {key}.options.{option}",
                f"{where} has {how} {name!r}",
                f"It has {', '.join(table.columns) or 'none'}",
            )


def collect(table: Table, options: ColumnOptions) -> Collection:
    """Documents, queries and judgements of a table; identical texts become one document or one query.

    A row without a query or a positive is dropped and counted; so is a negative that is a positive of the same query
    anywhere in the table. A document has the first title that a row gives it.
    """
    documents: dict[str, Document] = {}
    queries: dict[str, Query] = {}
    scores: dict[tuple[str, str], int] = {}
    dropped: Counter[str] = Counter()
    rows = contradicted = 0
    for place, row in table.rows:
        rows += 1

        def cell(column: str, place: str = place, row: dict[str, Any] = row) -> list[str]:
            if column not in row:
                raise LexfitError(place, f"has no {column!r}", "Each row needs the columns of the first one")
            return texts_of(row[column], place, column)

        found = cell(options.query_column)
        if len(found) > 1:
            raise LexfitError(place, f"column {options.query_column!r} holds several queries", "Write one a row")
        positives = cell(options.positive_column)
        negatives = [text for column in options.negative_columns for text in cell(column)]
        title = " ".join(cell(options.title_column)) if options.title_column is not None else ""
        if not found or not positives:
            dropped["no_query" if not found else "no_positive"] += 1
            continue
        query = queries.setdefault(content_id(found[0]), Query(content_id(found[0]), found[0], "train"))
        for score, texts, heading in ((1, positives, title), (0, negatives, "")):
            for text in texts:
                doc_id = content_id(text)
                if doc_id not in documents or (heading and not documents[doc_id].title):
                    documents[doc_id] = Document(doc_id, heading, text)
                contradicted += {score, scores.get((query.id, doc_id), score)} == {0, 1}
                scores[query.id, doc_id] = max(score, scores.get((query.id, doc_id), 0))
    judgements = [Judgement(*pair, score) for pair, score in scores.items()]
    facts = {
        "counts": {"rows": rows, "rows_used": rows - dropped.total()},
        "dropped": {"rows": dict(dropped), "negatives": {"also_positive": contradicted}},
    }
    return Collection(list(documents.values()), list(queries.values()), judgements, facts)


def content_digest(collection: Collection) -> str:
    """A digest of a collection's texts and judgements."""
    lines = [text for d in collection.documents for text in (d.title, d.text)] + [q.text for q in collection.queries]
    return digest_of(*lines, *(" ".join(map(str, j)) for j in collection.judgements))


def load(source: TrainSourceParams, key: str) -> Collection:
    """The collection of the file at `path`, or of the split `split` of the Hub data set `hub_id` at `revision`."""
    options = options_of(ColumnOptions, source, key)
    if source.path is not None:
        path = Path(source.path).expanduser()
        table, where, address = read_table(path, key), path.name, f"file:{path.name}"
        digest = checked_sha256(path, source.sha256, key)
    elif source.hub_id is None:
        remedy = f"Add `-S {key}.path=FILE` or `-S {key}.hub_id=ID`"
        raise LexfitError(f"params.yaml: {key}.path", "neither path nor hub_id is set", remedy)
    elif source.revision is None:
        raise LexfitError(f"params.yaml: {key}.revision", "a Hub data set needs a revision", "Pin a commit")
    else:
        table = read_hub_table(source.hub_id, options.config, source.split, source.revision, key)
        where, address, digest = source.hub_id, f"hf:datasets/{source.hub_id}", None
    check_columns(options, table, where, key)
    collection = collect(table, options)
    if not collection.queries:
        raise LexfitError(where, "has no row with a query and a positive", "Check the column names")
    collection.facts.update(
        source="columns",
        address=address,
        revision=source.revision,
        license=source.license,
        sha256=digest or content_digest(collection),
    )
    return validate(collection)
