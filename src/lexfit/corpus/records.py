"""Documents, queries and judgements: the records that sources give and stages pass on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from lexfit.corpus.validation import Lines, twice, validate
from lexfit.errors import LexfitError, explained_contents
from lexfit.io import read_json, read_text, write_json, write_tsv
from lexfit.jsonl import iter_jsonl, write_jsonl

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

QRELS_HEADER = ["query-id", "corpus-id", "score"]
LARGEST_SCORE = 2**16 - 1  # trec_eval keeps a count for each possible score


@dataclass(frozen=True, slots=True)
class Document:
    """A document that can be ranked."""

    id: str
    title: str
    text: str

    @property
    def full_text(self) -> str:
        """Title and text as mteb and BEIR join them."""
        # Of a million documents without titles this is no second copy.
        return f"{self.title} {self.text}".strip() if self.title else self.text.strip()


@dataclass(frozen=True, slots=True)
class Query:
    """A query, the split it belongs to in its source (`train` or `test`), and the group it was taken from, if any.

    Of a training source, queries of split `held_out` never train.
    """

    id: str
    text: str
    split: str = "test"
    group: str | None = None


class Judgement(NamedTuple):
    """Relevance of one document to one query; 0 is judged not relevant."""

    query_id: str
    doc_id: str
    score: int


@dataclass(frozen=True)
class Collection:
    """Documents, queries and judgements of one source, with the facts about their origin.

    `judged_without_text` lists documents that are judged but have no text in the source. `groups` has the whole texts
    that queries were taken from, by group.
    """

    documents: list[Document]
    queries: list[Query]
    judgements: list[Judgement]
    facts: dict[str, Any] = field(default_factory=dict)
    judged_without_text: list[str] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)

    def positives(self) -> dict[str, set[str]]:
        """Known positives of each query, those without text included."""
        known: dict[str, set[str]] = {query.id: set() for query in self.queries}
        for judgement in self.judgements:
            if judgement.score > 0:
                known[judgement.query_id].add(judgement.doc_id)
        return known

    def scores(self) -> dict[tuple[str, str], int]:
        """The score of each positive judgement, by query and document."""
        return {(j.query_id, j.doc_id): j.score for j in self.judgements if j.score > 0}


def write_collection(folder: Path, collection: Collection) -> None:
    """Write corpus.jsonl, queries.jsonl, qrels.tsv, source.json and, where queries have groups, groups.jsonl."""
    write_jsonl(folder / "corpus.jsonl", (asdict(d) for d in collection.documents))
    queries = (asdict(q) for q in collection.queries)
    write_jsonl(folder / "queries.jsonl", ({k: v for k, v in q.items() if v is not None} for q in queries))
    write_tsv(folder / "qrels.tsv", QRELS_HEADER, collection.judgements)
    if collection.groups:
        write_jsonl(folder / "groups.jsonl", ({"id": key, "text": text} for key, text in collection.groups.items()))
    write_json(
        folder / "source.json",
        {
            **collection.facts,
            "judged_without_text": collection.judged_without_text,
            "counts": {
                **collection.facts.get("counts", {}),
                "documents": len(collection.documents),
                "queries": len(collection.queries),
                "judgements": len(collection.judgements),
                "positive_judgements": sum(j.score > 0 for j in collection.judgements),
                "document_characters": sum(len(d.full_text) for d in collection.documents),
                "query_characters": sum(len(q.text) for q in collection.queries),
            },
        },
    )


def parse_qrels(text: str, where: str) -> list[tuple[int, Judgement]]:
    """Lines of a BEIR qrels table (query-id, corpus-id, score; header optional) with their numbers."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split("\t")
        if not line.strip() or (number == 1 and cells == QRELS_HEADER):
            continue
        try:
            query_id, doc_id, score = cells
            judgement = Judgement(query_id, doc_id, int(score))
            if abs(judgement.score) > LARGEST_SCORE:
                raise ValueError(f"beyond {LARGEST_SCORE}")
        except ValueError as error:
            problem = f"is not query-id, corpus-id and a whole number up to {LARGEST_SCORE}, tab-separated"
            raise LexfitError(f"{where}:{number}", problem, "Mend this line") from error
        rows.append((number, judgement))
    return rows


def _text_of(record: dict[str, Any], key: str, place: str, default: str | None = None) -> str:
    value = record.get(key, default)
    if not isinstance(value, str):
        raise LexfitError(place, f"key {key!r} is {'missing' if value is None else 'not text'}", "Write it as a string")
    return value


def parse_collection(
    corpus: tuple[Iterable[tuple[int, dict[str, Any]]], str],
    queries: tuple[Iterable[tuple[int, dict[str, Any]]], str],
    qrels: list[tuple[str, str, str]],
    facts: dict[str, Any],
) -> Collection:
    """A validated collection from BEIR-shaped text.

    Args:
        corpus, queries: Records with their line numbers, as `parse_jsonl` gives them, and the file's name.
        qrels: For each split: its name, the table's text, the file's name.
        facts: Origin of the data; `judged_without_text` is taken from it.
    """
    documents: list[Document] = []
    found: list[Query] = []
    judgements: list[Judgement] = []
    splits: dict[str, str] = {}
    places = Lines({"document": corpus[1], "query": queries[1]}, {})
    for split, text, where in qrels:
        for number, judgement in parse_qrels(text, where):
            places.judgements.setdefault(f"judgement/{judgement.query_id}/{judgement.doc_id}", f"{where}:{number}")
            splits.setdefault(judgement.query_id, split)
            judgements.append(judgement)
    for kind, (records, where) in (("document", corpus), ("query", queries)):
        lines = places.lines[kind]
        for number, record in records:
            place = f"{where}:{number}"
            raw_id = record.get("_id", record.get("id"))
            if not isinstance(raw_id, str | int):
                raise LexfitError(place, "has no 'id' (or '_id')", "Give each record an id")
            record_id = str(raw_id)
            body = _text_of(record, "text", place)
            if record_id in lines:
                old = next(r for r in (documents if kind == "document" else found) if r.id == record_id)
                raise twice(kind, record_id, (old.text, body), (places.get(f"{kind}/{record_id}", ""), place))
            lines[record_id] = number
            if kind == "document":
                documents.append(Document(record_id, _text_of(record, "title", place, ""), body))
            else:
                split = _text_of(record, "split", place, splits.get(record_id, "test"))
                group = _text_of(record, "group", place) if "group" in record else None
                found.append(Query(record_id, body, split, group))
    return validate(Collection(documents, found, judgements, facts, list(facts.get("judged_without_text", []))), places)


def read_collection(folder: Path) -> Collection:
    """Read back what `write_collection` wrote, checked anew."""
    corpus, queries, qrels = (folder / name for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv"))
    table = read_text(qrels)
    facts = read_json(folder / "source.json")
    with explained_contents(str(folder / "source.json"), "Run `dvc repro` anew"):
        collection = parse_collection(
            (iter_jsonl(corpus), str(corpus)), (iter_jsonl(queries), str(queries)), [("test", table, str(qrels))], facts
        )
    return replace(collection, groups=_read_groups(folder / "groups.jsonl"))


def _read_groups(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    rows = ((f"{path}:{number}", row) for number, row in iter_jsonl(path))
    return {_text_of(row, "id", place): _text_of(row, "text", place) for place, row in rows}
