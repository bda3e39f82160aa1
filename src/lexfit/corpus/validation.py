"""Checks of a collection: ids, texts, and judgements of what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexfit.corpus.records import Collection, Document, Query


class Places(Protocol):
    """Where records are: a dict has this."""

    def get(self, key: str, default: str, /) -> str:
        """The file and line of `document/ID`, `query/ID` or `judgement/QUERY/DOC`."""


class Lines:
    """The line of each record of JSONL files, in less memory than their places as text take."""

    def __init__(self, files: dict[str, str], judgements: dict[str, str]) -> None:
        self.files, self.judgements = files, judgements
        self.lines: dict[str, dict[str, int]] = {kind: {} for kind in files}

    def get(self, key: str, default: str, /) -> str:
        """As `Places` has it."""
        kind, _, record_id = key.partition("/")
        if record_id in self.lines.get(kind, {}):
            return f"{self.files[kind]}:{self.lines[kind][record_id]}"
        return self.judgements.get(key, default)


def twice(kind: str, record_id: str, texts: tuple[str, str], places: tuple[str, str]) -> LexfitError:
    """The error of an id that two records have.

    Args:
        kind: `document` or `query`.
        record_id: The id.
        texts: Of the first record and of the second.
        places: Of the first and of the second.
    """
    how = "the same text" if texts[0] == texts[1] else "different text"
    problem = f"{kind} id {record_id!r} is already at {places[0]} with {how}"
    return LexfitError(places[1], problem, "Give each record its own id")


def _unique(kind: str, records: Sequence[Document] | Sequence[Query], places: Places) -> set[str]:
    """The ids; one given twice is an error."""
    ids = {record.id for record in records}
    if len(ids) < len(records):
        seen: dict[str, Document | Query] = {}
        for record in records:
            if record.id in seen:
                key = f"{kind}/{record.id}"
                place = places.get(key, key)
                raise twice(kind, record.id, (seen[record.id].text, record.text), (place, place))
            seen[record.id] = record
    return ids


def validate(collection: Collection, places: Places | None = None) -> Collection:
    """Check ids, texts and judgements of a collection and return it unchanged.

    Args:
        collection: What a source gave.
        places: Where each record is, as file and line, so that the error can name it.
    """
    where: Places = {} if places is None else places

    def place(key: str) -> str:
        return where.get(key, key)

    for query in collection.queries:
        if not query.text.strip():
            raise LexfitError(place(f"query/{query.id}"), f"query {query.id!r} is empty", "Write its text or remove it")
    for document in collection.documents:
        if not document.full_text:
            problem = f"document {document.id!r} is empty"
            raise LexfitError(place(f"document/{document.id}"), problem, "Write its text or remove it")
    documents = _unique("document", collection.documents, where) | set(collection.judged_without_text)
    queries = _unique("query", collection.queries, where)
    for judgement in collection.judgements:
        for kind, known, record_id in (
            ("query", queries, judgement.query_id),
            ("document", documents, judgement.doc_id),
        ):
            if record_id not in known:
                raise LexfitError(
                    place(f"judgement/{judgement.query_id}/{judgement.doc_id}"),
                    f"judgement for unknown {kind} id {record_id!r}",
                    f"Add that {kind} or remove the judgement",
                )
    if not collection.documents or not collection.queries:
        named = str(collection.facts.get("address", "source"))
        raise LexfitError(named, "has no documents or no queries", "Check the data path")
    return collection
