"""Training and evaluation records stay apart under every protocol."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from lexfit.config import Params
from lexfit.corpus.pairs import CleanSource, PairSet, build_pairs
from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.corpus.sources import load
from lexfit.errors import LexfitError

MakeParams = Callable[..., Params]


def source(raw: Collection) -> CleanSource:
    return CleanSource(raw, {q.id: q.text for q in raw.queries}, {d.id: [d.full_text] for d in raw.documents})


def other(
    text: str = "A tenant of the village was put out of his house by the collector without any notice at all.",
) -> Collection:
    return Collection(
        [Document("a", "", "eviction"), Document("b", "", "notice")],
        [Query("x", text), Query("y", "Something else happened to the second tenant.")],
        [Judgement("x", "a", 1), Judgement("y", "b", 1)],
        {},
    )


def build(
    make_params: MakeParams,
    raw: Collection,
    *overrides: str,
    further: Collection | None = None,
    overlap: Literal["refuse", "drop"] = "refuse",
) -> PairSet:
    params = make_params("data=beir", "data.license=mit", "crossval.folds=[0,1]", *overrides)
    if not further:
        return build_pairs(source(raw), {}, params)
    train = {"other": dataclasses.replace(next(iter(params.data.train.values())), overlap=overlap)}
    params = dataclasses.replace(params, data=dataclasses.replace(params.data, train=train))
    return build_pairs(source(raw), {"other": source(further)}, params)


def test_holdout_trains_on_train_queries_only(make_params: MakeParams, collection: Collection) -> None:
    out = build(make_params, collection)
    assert {q["id"] for q in out.train_queries} == {"q0", "q1", "q2", "q3"}
    assert {q["id"]: q["role"] for q in out.eval_queries} == {f"q{i}": "train" if i < 4 else "test" for i in range(6)}
    assert [(p["query_id"], p["doc_id"]) for p in out.pairs] == [
        ("q0", "d0"),
        ("q0", "d5"),
        ("q1", "d1"),
        ("q2", "d2"),
        ("q3", "d3"),
    ]
    assert {p["score"] for p in out.pairs} == {1}
    assert set(out.guard["texts"]) == {"q4", "q5"}
    assert {d["id"]: d["role"] for d in out.train_documents}["d4"] == "corpus"
    assert {d["id"]: d["role"] for d in out.train_documents}["d5"] == "target"


def test_zero_shot_training_records_hold_nothing_of_the_task(make_params: MakeParams, collection: Collection) -> None:
    out = build(make_params, collection, "protocol=zero_shot", "data/train=constitution", further=other())
    assert {q["source"] for q in out.train_queries} == {"other"}
    assert {d["source"] for d in out.train_documents} == {"other"}
    written = str([out.train_queries, out.train_documents, out.pairs, out.guard])
    assert not [q.text for q in collection.queries if q.text in written]
    assert not [d.full_text for d in collection.documents if d.full_text in written]
    assert out.summary["corpus_seen"]["documents"] == 0


def test_zero_shot_reports_evaluation_documents_seen_under_another_name(
    make_params: MakeParams, collection: Collection
) -> None:
    copied = other()
    copied.documents.append(Document("c", "", "Preface. " + collection.documents[2].full_text))
    out = build(make_params, collection, "protocol=zero_shot", "data/train=constitution", further=copied)
    assert out.summary["corpus_seen"]["by_overlap"] == [
        {"document": "d2", "training_document": "other/c", "share": 1.0}
    ]


@pytest.mark.parametrize("protocol", ["zero_shot", "holdout"])
def test_a_planted_query_fails_and_is_named(make_params: MakeParams, collection: Collection, protocol: str) -> None:
    planted = other(collection.queries[5].text)
    with pytest.raises(LexfitError, match=r"training query 'other/x' shares 100% .* evaluation query 'q5'"):
        build(make_params, collection, f"protocol={protocol}", "data/train=constitution", further=planted)


def test_kfold_keeps_near_duplicate_queries_in_one_fold(make_params: MakeParams, collection: Collection) -> None:
    text = " ".join(f"fact{i}" for i in range(60))
    queries = [
        dataclasses.replace(q, text=text + f" ending {q.id}") if q.id in {"q0", "q3"} else q for q in collection.queries
    ]
    out = build(
        make_params,
        dataclasses.replace(collection, queries=queries),
        "protocol=kfold",
        "crossval.folds=[0,1,2]",
    )
    folds = {q["id"]: q["fold"] for q in out.train_queries}
    assert folds["q0"] == folds["q3"]
    assert out.summary["groups_of_near_duplicate_queries"] == 1


def test_pool_judged_leaves_unjudged_documents_outside(make_params: MakeParams, collection: Collection) -> None:
    raw = dataclasses.replace(collection, documents=[*collection.documents, Document("d9", "", "never judged")])
    out = build(make_params, raw, "data.pool=judged")
    assert {d["id"]: d["role"] for d in out.eval_documents}["d9"] == "outside"
    assert "d9" not in {d["id"] for d in out.train_documents}


def test_positives_without_text_are_kept_for_masking(make_params: MakeParams, collection: Collection) -> None:
    raw = dataclasses.replace(
        collection,
        judgements=[*collection.judgements, Judgement("q1", "S58", 1)],
        judged_without_text=["S58"],
    )
    out = build(make_params, raw)
    assert next(q for q in out.train_queries if q["id"] == "q1")["positives"] == ["S58", "d1"]
    assert out.summary["positives_without_text"] == ["S58"]


def test_real_aila_fire2019_closes_the_tracks_own_leak(make_params: MakeParams, aila_release: Path) -> None:
    params = make_params("data=aila_fire", "protocol=fire2019")
    raw = load(dataclasses.replace(params.data, path=str(aila_release)))
    out = build_pairs(source(raw), {}, params)
    assert [(d["first"], d["second"]) for d in out.summary["dropped"]] == [("AILA_Q2", "AILA_Q50")]
    assert out.summary["task_queries"] == {"train": 9, "dropped": 1, "test": 40}
    assert out.summary["candidates"] == 197


def test_real_aila_kfold_puts_the_same_case_in_one_fold(make_params: MakeParams, aila_release: Path) -> None:
    params = make_params("data=aila_fire", "protocol=kfold")
    raw = load(dataclasses.replace(params.data, path=str(aila_release)))
    out = build_pairs(source(raw), {}, params)
    folds = {q["id"]: q["fold"] for q in out.train_queries}
    assert folds["AILA_Q2"] == folds["AILA_Q50"]
    assert out.summary["candidates"] == 82
    assert sum(out.summary["pairs"].values()) == 217


def test_what_is_judged_not_relevant_stays_with_its_training_query(
    make_params: MakeParams, collection: Collection
) -> None:
    further = dataclasses.replace(other(), judgements=[*other().judgements, Judgement("x", "b", 0)])
    raw = dataclasses.replace(collection, judgements=[*collection.judgements, Judgement("q4", "d0", 0)])
    out = build(make_params, raw, "data/train=constitution", further=further)
    found = {q["id"]: q["not_relevant"] for q in out.train_queries if "not_relevant" in q}
    assert found == {"q1": ["d2"], "other/x": ["other/b"]}
    assert not [p for p in out.pairs if (p["query_id"], p["doc_id"]) == ("q1", "d2")]
