"""The source crops: spans come from their document, leave it as often as they should, and follow the seed."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lexfit.config import Params
from lexfit.config_data import TrainSourceParams
from lexfit.corpus.records import Collection, Document
from lexfit.corpus.sources import load
from lexfit.corpus.sources.crops import collect, crop
from lexfit.corpus.sources.options import CropOptions
from lexfit.errors import LexfitError
from tests.corpus.test_sources import release

OPTIONS = CropOptions("beir", None, 2, 3, 6, 1.0, 10)


def document(number: int, words: int = 60) -> Document:
    return Document(f"d{number}", "", " ".join(f"w{number}.{i}" for i in range(words)))


def source_of(make_params: Callable[..., Params], path: Path, corpus: str, **options: Any) -> TrainSourceParams:
    overrides = ("data.train.crops.license=mit", f"data.train.crops.options.corpus={corpus}")
    source = make_params("data/train=crops", *overrides).data.train["crops"]
    return dataclasses.replace(source, path=str(path), options={**source.options, **options})


def test_spans_come_from_the_document_and_leave_it() -> None:
    rest, spans = crop(document(1), OPTIONS, 1)
    assert len(spans) == 2
    for span in spans:
        assert 3 <= len(span.split()) <= 6
        assert f" {span} " in f" {document(1).text} "
        assert not set(span.split()) & set(rest.text.split())
    assert len(rest.text.split()) + sum(len(s.split()) for s in spans) == 60


@pytest.mark.parametrize("share", [0.0, 0.9, 1.0])
def test_a_span_is_removed_as_often_as_asked(share: float) -> None:
    options = dataclasses.replace(OPTIONS, removed=share)
    gone = [s not in rest.text for n in range(500) for rest, spans in [crop(document(n), options, 1)] for s in spans]
    assert sum(gone) / len(gone) == pytest.approx(share, abs=0.03)


def test_short_documents_give_fewer_spans_and_stay_in_the_corpus() -> None:
    collection = collect([document(1), document(2, 17), document(3, 12)], OPTIONS, 1)
    assert [len([j for j in collection.judgements if j.doc_id == f"d{n}"]) for n in (1, 2, 3)] == [2, 1, 0]
    assert len(collection.documents) == 3
    facts = collection.facts
    assert facts["counts"]["spans_asked"] == len(collection.queries) + sum(facts["dropped"]["spans"].values())
    assert facts["dropped"]["spans"] == {"document_short": 3, "same_text": 0}


def test_identical_and_empty_documents_are_counted_once() -> None:
    twin = dataclasses.replace(document(1), id="twin")
    collection = collect([document(1), twin, Document("void", "T", " ")], OPTIONS, 1)
    assert [d.id for d in collection.documents] == ["d1"]
    assert collection.facts["dropped"]["documents"] == {"empty": 1, "same_text": 1, "not_drawn": 0}


def test_draws_follow_the_seed_and_no_other_document() -> None:
    many = [document(n) for n in range(10)]
    options = dataclasses.replace(OPTIONS, max_documents=4)
    assert collect(many, options, 1) == collect(many, options, 1)
    assert collect(many, options, 1).documents != collect(many, options, 2).documents
    alone = collect(many[3:4], OPTIONS, 1).queries
    assert alone == [q for q in collect(many, OPTIONS, 1).queries if q.id.startswith("d3/")]


def test_each_corpus(make_params: Callable[..., Params], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    lines = [json.dumps({"_id": f"b{n}", "title": "T", "text": document(n).text}) for n in range(3)]
    (tmp_path / "mine/corpus.jsonl").write_text("\n".join(lines))
    section = {"act": "The X Act", "section": "1", "title": "Sale", "text": document(1).text}
    (tmp_path / "sections.jsonl.gz").write_bytes(gzip.compress(json.dumps(section).encode()))
    statute = f"Title: One\nDesc: {document(1).text}".encode()
    zipped = release(tmp_path / "r.zip", **{"Object_statutes/S1": statute})

    def of(corpus: str, path: Path) -> Collection:
        return load(source_of(make_params, path, corpus), "data.train.crops", 42)

    for corpus, path, ids in (
        ("beir", tmp_path / "mine", ["b0", "b1", "b2"]),
        ("central_acts", tmp_path, ["the-x-act/1"]),
        ("aila_fire", zipped, ["S1", "S2"]),
    ):
        collection = of(corpus, path)
        assert [d.id for d in collection.documents] == ids
        assert {q.id.rpartition("/")[0] for q in collection.queries} <= set(ids)
        facts = collection.facts
        assert (facts["source"], facts["corpus"], facts["license"], len(facts["sha256"])) == (
            "crops",
            corpus,
            "mit",
            64,
        )


def test_errors_name_the_key_or_the_line(make_params: Callable[..., Params], tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text('{"_id": "a", "text": "one two"}\n{"_id": "b"}\n')
    with pytest.raises(LexfitError, match=r"corpus\.jsonl:2: lacks '_id' or 'text'"):
        load(source_of(make_params, folder, "beir"), "k", 1)
    (folder / "corpus.jsonl").write_text('{"_id": "a", "text": "one two"}\n{"_id": "a", "text": "x"}\n')
    with pytest.raises(LexfitError, match=r"corpus\.jsonl:2: document id 'a' is given twice"):
        load(source_of(make_params, folder, "beir"), "k", 1)
    (folder / "corpus.jsonl").write_text('{"_id": "a", "text": "one two"}\n')
    with pytest.raises(LexfitError, match=r"options\.left_words: no document has left_words \+ span_max = 60"):
        load(source_of(make_params, folder, "beir"), "k", 1)
    with pytest.raises(LexfitError, match=r"options\.span_min: is 50, and span_max 40"):
        load(source_of(make_params, folder, "beir", span_min=50), "k", 1)
    with pytest.raises(LexfitError, match="no such file or folder"):
        load(source_of(make_params, folder / "absent", "beir"), "k", 1)
