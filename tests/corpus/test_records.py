"""Collections are checked on the way in; each error names file, line and remedy."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lexfit.corpus.records import Collection, parse_collection, read_collection, write_collection
from lexfit.errors import LexfitError
from lexfit.jsonl import parse_jsonl

CORPUS = '{"_id": "d1", "title": "T", "text": "one"}\n{"_id": "d2", "text": "two"}\n'
QUERIES = '{"_id": "q1", "text": "facts"}\n'
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t1\n"


def parse(corpus: str = CORPUS, queries: str = QUERIES, qrels: str = QRELS, missing: str = "") -> Collection:
    facts = {"judged_without_text": missing.split()}
    documents = (parse_jsonl(corpus, "corpus.jsonl"), "corpus.jsonl")
    texts = (parse_jsonl(queries, "queries.jsonl"), "queries.jsonl")
    return parse_collection(documents, texts, [("test", qrels, "qrels.tsv")], facts)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"corpus": CORPUS + '{"_id": "d3", "text": \n'}, r"corpus\.jsonl:3: not valid JSON"),
        (
            {"corpus": CORPUS + '{"_id": "d1", "text": "other"}\n'},
            r"corpus\.jsonl:3: document id 'd1' is already at corpus\.jsonl:1 with different text",
        ),
        ({"corpus": CORPUS + '{"_id": "d2", "text": "two"}\n'}, r"corpus\.jsonl:3: .*the same text"),
        ({"corpus": CORPUS + '{"text": "no id"}\n'}, r"corpus\.jsonl:3: has no 'id'"),
        ({"corpus": CORPUS + '{"_id": "d3", "text": 5}\n'}, r"corpus\.jsonl:3: key 'text' is not text"),
        ({"queries": QUERIES + '{"_id": "q2", "text": "  "}\n'}, r"queries\.jsonl:2: query 'q2' is empty"),
        ({"qrels": QRELS + "q1\td9\t1\n"}, r"qrels\.tsv:3: judgement for unknown document id 'd9'"),
        ({"qrels": QRELS + "q9\td1\t1\n"}, r"qrels\.tsv:3: judgement for unknown query id 'q9'"),
        ({"qrels": QRELS + "q1 d1 1\n"}, r"qrels\.tsv:3: is not query-id"),
        ({"qrels": QRELS + "q1\td2\thigh\n"}, r"qrels\.tsv:3: is not query-id"),
    ],
)
def test_bad_data_names_file_and_line(changed: dict[str, str], message: str) -> None:
    with pytest.raises(LexfitError, match=message):
        parse(**changed)


def test_documents_judged_without_text_are_allowed_only_where_declared() -> None:
    qrels = QRELS + "q1\tS58\t1\n"
    assert parse(qrels=qrels, missing="S58").positives() == {"q1": {"d1", "S58"}}
    with pytest.raises(LexfitError, match="S58"):
        parse(qrels=qrels)


def test_written_and_read_back_is_the_same(tmp_path: Path, collection: Collection) -> None:
    write_collection(tmp_path, collection)
    back = read_collection(tmp_path)
    assert back.documents == collection.documents
    assert back.queries == collection.queries
    assert back.judgements == collection.judgements
    assert back.facts["counts"]["positive_judgements"] == 7


def test_title_and_text_join_as_mteb_joins_them() -> None:
    documents = parse().documents
    assert [d.full_text for d in documents] == ["T one", "two"]
    assert dataclasses.replace(documents[0], title="").full_text == "one"
