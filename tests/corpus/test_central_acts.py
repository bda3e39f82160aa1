"""The source central_acts: graded judgements, one corpus, counts that add up, on a small file and the real one."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lexfit.config import Params
from lexfit.config_data import TrainSourceParams
from lexfit.corpus.records import Collection, read_collection, write_collection
from lexfit.corpus.sources import load
from lexfit.errors import LexfitError
from tests.corpus.acts.test_relations import FERRIES

KINDS = ["titles", "cross_references", "definitions", "definition_texts"]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    lines = [{"act": s.act, "section": s.number, "title": s.title, "text": s.text} for s in FERRIES]
    lines.append(
        {"act": "The Ferries Act, 1878", "section": "6", "title": "Omitted", "text": "Omitted by Act 1 of 1900."}
    )
    (tmp_path / "sections.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    return tmp_path


def source_of(make_params: Callable[..., Params], path: Path | None, **options: Any) -> TrainSourceParams:
    source = make_params("data/train=central_acts").data.train["central_acts"]
    return dataclasses.replace(
        source, path=None if path is None else str(path), options={**source.options, "min_words": 3, **options}
    )


def adds_up(collection: Collection) -> None:
    """What went in came out or was dropped for a reason, of sections and of each kind."""
    counts, dropped = collection.facts["counts"], collection.facts["dropped"]
    assert counts["sections_read"] == counts["sections"] + sum(dropped["sections"].values())
    for kind, number in counts["queries_by_kind"].items():
        assert counts["candidates"][kind] == number + sum(dropped[kind].values()), kind
    assert len(collection.queries) == sum(counts["queries_by_kind"].values())
    assert all(q.split == "train" for q in collection.queries)


def test_graded_judgements_and_facts(make_params: Callable[..., Params], small: Path, tmp_path: Path) -> None:
    collection = load(source_of(make_params, small, kinds=KINDS), "data.train.central_acts", 42)
    adds_up(collection)
    scores = {(j.query_id, j.doc_id): j.score for j in collection.judgements}
    passage = next(q.id for q in collection.queries if q.id.startswith("cross_references/the-ferries-act-1878/3/"))
    act = "the-ferries-act-1878"
    assert scores[passage, f"{act}/4"] == scores[passage, f"{act}/5"] == 2
    assert scores[passage, f"{act}/3"] == 1
    assert scores[f"titles/{act}/4", f"{act}/3"] == scores[f"titles/{act}/4", f"{act}/5"] == 0
    assert scores[f"definition_texts/{act}/2/ferry", f"{act}/2"] == 1
    facts = collection.facts
    assert (facts["license"], facts["revision"], len(facts["sha256"])) == ("unlicense", "3e85bd66", 64)
    assert facts["dropped"]["sections"] == {"repealed_or_omitted": 1}
    write_collection(tmp_path / "out", collection)
    back = read_collection(tmp_path / "out").facts["counts"]
    assert (back["sections_read"], back["documents"]) == (5, len(collection.documents))


def test_documents_have_titles_only_where_titles_are_no_queries(
    make_params: Callable[..., Params], small: Path
) -> None:
    def texts(kinds: list[str]) -> dict[str, str]:
        return {d.id: d.full_text for d in load(source_of(make_params, small, kinds=kinds), "k", 42).documents}

    key = "the-ferries-act-1878/4"
    assert texts(["titles"])[key] == f"The Ferries Act, 1878 {FERRIES[2].text}"
    assert texts(["cross_references"])[key] == f"The Ferries Act, 1878 Tolls. {FERRIES[2].text}"


def test_the_corpus_is_all_sections_or_those_judged(make_params: Callable[..., Params], small: Path) -> None:
    def documents(corpus: str) -> Collection:
        options = {"kinds": ["cross_references"], "neighbours": 0, "corpus": corpus}
        return load(source_of(make_params, small, **options), "k", 42)

    assert {d.id[-1] for d in documents("all").documents} == set("2345")
    judged = documents("judged")
    assert {d.id[-1] for d in judged.documents} == set("345")
    assert judged.facts["dropped"]["documents"] == {"not_judged": 1}


def test_the_draw_follows_the_seed(make_params: Callable[..., Params], small: Path) -> None:
    def drawn(seed: int) -> list[str]:
        source = source_of(make_params, small, kinds=["titles"], max_queries=2)
        collection = load(source, "k", seed)
        adds_up(collection)
        return [q.id for q in collection.queries]

    assert drawn(1) == drawn(1)
    assert len({tuple(drawn(seed)) for seed in range(8)}) > 1


def test_a_file_that_is_absent_or_another_one_is_an_error(
    make_params: Callable[..., Params], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEXFIT_CENTRAL_ACTS", raising=False)
    with pytest.raises(LexfitError, match=r"data\.train\.x\.path: .*nothing says where"):
        load(source_of(make_params, None), "data.train.x", 1)
    monkeypatch.setenv("LEXFIT_CENTRAL_ACTS", "/nowhere")
    with pytest.raises(LexfitError, match="environment variable LEXFIT_CENTRAL_ACTS: /nowhere does not exist"):
        load(source_of(make_params, None), "data.train.x", 1)
    with pytest.raises(LexfitError, match=r"data\.train\.x\.sha256"):
        load(dataclasses.replace(source_of(make_params, small), sha256="0" * 64), "data.train.x", 1)
    with pytest.raises(LexfitError, match=r"options: leave no query"):
        load(source_of(make_params, small, kinds=[]), "data.train.x", 1)


def test_the_real_file(make_params: Callable[..., Params]) -> None:
    if not os.environ.get("LEXFIT_CENTRAL_ACTS"):
        pytest.skip("real sections absent: set LEXFIT_CENTRAL_ACTS to the folder of sections.jsonl.gz")
    options = {"kinds": KINDS, "min_words": 8, "max_queries": None, "corpus": "all"}
    collection = load(source_of(make_params, None, **options), "k", 42)
    adds_up(collection)
    counts = collection.facts["counts"]
    assert (counts["sections_read"], counts["acts"]) == (33119, 790)
    assert counts["queries_by_kind"]["titles"] > 20_000
    assert counts["queries_by_kind"]["cross_references"] > 12_000
    assert counts["queries_by_kind"]["definitions"] > 9_000
