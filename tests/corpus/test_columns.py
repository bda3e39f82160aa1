"""The source columns: any table by configuration, in every format, with errors that name file, line and column."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lexfit.config import Params
from lexfit.config_data import TrainSourceParams
from lexfit.corpus.records import Collection
from lexfit.corpus.sources import load
from lexfit.errors import LexfitError

ROWS = [
    {"q": "who steals", "pos": "Theft is taking, dishonestly.", "neg": "Murder is killing.", "head": "Theft"},
    {"q": "who kills", "pos": "Murder is killing.", "neg": "Theft is taking, dishonestly.", "head": ""},
    {"q": "who steals", "pos": "Robbery is theft by force.", "neg": "NA", "head": "007"},
]
OPTIONS = {"query_column": "q", "positive_column": "pos", "negative_columns": ["neg"], "title_column": "head"}


def source_of(make_params: Callable[..., Params], path: Path | None, **options: Any) -> TrainSourceParams:
    source = make_params("data/train=columns", "data.train.columns.license=mit").data.train["columns"]
    given = {"config": None, **OPTIONS, **options}
    return dataclasses.replace(source, path=None if path is None else str(path), options=given)


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    elif path.suffix == ".parquet":
        from datasets import Dataset

        Dataset.from_list(rows).to_parquet(path)
    else:
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), delimiter="," if path.suffix == ".csv" else "\t")
            writer.writeheader()
            writer.writerows(rows)
    return path


def content(collection: Collection) -> set[tuple[str, str, int]]:
    query = {q.id: q.text for q in collection.queries}
    document = {d.id: d.full_text for d in collection.documents}
    return {(query[j.query_id], document[j.doc_id], j.score) for j in collection.judgements}


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_each_format_gives_the_same(make_params: Callable[..., Params], tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"t.{ending}", ROWS)
    collection = load(source_of(make_params, path), "data.train.columns")
    assert content(collection) == {
        ("who steals", "Theft Theft is taking, dishonestly.", 1),
        ("who steals", "007 Robbery is theft by force.", 1),
        ("who steals", "Murder is killing.", 0),
        ("who steals", "NA", 0),
        ("who kills", "Murder is killing.", 1),
        ("who kills", "Theft Theft is taking, dishonestly.", 0),
    }
    assert collection.facts["counts"] == {"rows": 3, "rows_used": 3}
    assert (collection.facts["address"], collection.facts["license"]) == (f"file:t.{ending}", "mit")
    assert len(collection.facts["sha256"]) == 64


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_cells_may_be_lists(make_params: Callable[..., Params], tmp_path: Path, ending: str) -> None:
    row = {"q": "who", "pos": ["one", "two"], "neg": ["three", "one"], "head": None}
    collection = load(source_of(make_params, write(tmp_path / f"t.{ending}", [row])), "k")
    assert content(collection) == {("who", "one", 1), ("who", "two", 1), ("who", "three", 0)}
    assert collection.facts["dropped"]["negatives"] == {"also_positive": 1}


def test_rows_without_query_or_positive_are_counted(make_params: Callable[..., Params], tmp_path: Path) -> None:
    rows = [*ROWS, {**ROWS[0], "q": " "}, {**ROWS[0], "pos": ""}]
    facts = load(source_of(make_params, write(tmp_path / "t.csv", rows)), "k").facts
    assert facts["dropped"]["rows"] == {"no_query": 1, "no_positive": 1}
    assert facts["counts"]["rows"] == facts["counts"]["rows_used"] + 2


def test_a_title_given_later_is_the_documents(make_params: Callable[..., Params], tmp_path: Path) -> None:
    rows = [ROWS[1], ROWS[0]]
    collection = load(source_of(make_params, write(tmp_path / "t.csv", rows)), "k")
    assert [d.title for d in collection.documents if d.text.startswith("Theft")] == ["Theft"]
    assert len(collection.documents) == 2


@pytest.mark.parametrize("option", ["query_column", "positive_column", "negative_columns", "title_column"])
def test_a_missing_column_is_named_with_those_there_are(
    make_params: Callable[..., Params], tmp_path: Path, option: str
) -> None:
    value = ["absent"] if option == "negative_columns" else "absent"
    source = source_of(make_params, write(tmp_path / "t.csv", ROWS), **{option: value})
    with pytest.raises(
        LexfitError, match=rf"options\.{option}: t\.csv has no column 'absent'\. It has q, pos, neg, head"
    ):
        load(source, "data.train.columns")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "q,pos,neg,head\na,b,c,d\na,b\n", r"t\.csv:3: has 2 cells, and the header has 4"),
        ("t.csv", 'q,pos,neg,head\n"a\nb",b,c,d\na,b\n', r"t\.csv:4: has 2 cells"),
        ("t.csv", 'q,pos,neg,head\na,b,c,d\na,"b"x,c,d\n', r"t\.csv:3: can't be read"),
        ("t.jsonl", json.dumps(ROWS[0]) + '\n{"q": "a", "pos": }\n', r"t\.jsonl:2: not valid JSON"),
        ("t.jsonl", json.dumps(ROWS[0]) + '\n{"q": "a"}\n', r"t\.jsonl:2: has no 'pos'"),
        ("t.jsonl", json.dumps({**ROWS[0], "pos": 7}), r"t\.jsonl:1: column 'pos' holds int 7, not text"),
        ("t.jsonl", json.dumps({**ROWS[0], "q": ["a", "b"]}), r"t\.jsonl:1: column 'q' holds several queries"),
        ("t.parquet", "not parquet", r"t\.parquet: is not a readable parquet file"),
        ("t.xlsx", "x", r"t\.xlsx has an ending that isn't known"),
        ("t.csv", "q,pos,neg,head\n", r"t\.csv: has no row with a query"),
    ],
)
def test_bad_files_name_the_line(
    make_params: Callable[..., Params], tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(LexfitError, match=message):
        load(source_of(make_params, tmp_path / name), "k")


def test_where_the_data_is_must_be_said_and_a_hub_revision_pinned(make_params: Callable[..., Params]) -> None:
    with pytest.raises(LexfitError, match=r"k\.path: /nowhere/t\.csv is no file"):
        load(source_of(make_params, Path("/nowhere/t.csv")), "k")
    source = source_of(make_params, None)
    with pytest.raises(LexfitError, match=r"k\.path: neither path nor hub_id"):
        load(source, "k")
    with pytest.raises(LexfitError, match=r"k\.revision: a Hub data set needs a revision"):
        load(dataclasses.replace(source, hub_id="a/b"), "k")


def test_a_hub_data_set(make_params: Callable[..., Params], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "set").mkdir()
    write(tmp_path / "set" / "train.jsonl", ROWS)
    source = dataclasses.replace(source_of(make_params, None), hub_id=str(tmp_path / "set"), revision="abc")
    collection = load(source, "k")
    assert len(collection.judgements) == 6
    assert collection.facts["revision"] == "abc"
    assert len(collection.facts["sha256"]) == 64
    with pytest.raises(LexfitError, match=r"k\.hub_id: .*split dev.*can't be had"):
        load(dataclasses.replace(source, split="dev"), "k")
