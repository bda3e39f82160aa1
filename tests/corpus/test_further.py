"""Of a further source, what evaluation queries were taken from doesn't train, and neither do its held-out queries."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from lexfit.config import Params
from lexfit.corpus.archive import Archive
from lexfit.corpus.further import whole_groups
from lexfit.corpus.pairs import PairSet, build_pairs
from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.corpus.sources import load
from lexfit.errors import LexfitError
from tests.corpus.test_pairs import MakeParams, build, source
from tests.corpus.test_source_groups import judgments, plant, retold, story

PROTOCOLS = ["holdout", "zero_shot", "kfold"]


def told(collection: Collection) -> Collection:
    """The collection, its test query q5 and its train query q1 being stories of some length."""
    texts = {"q5": " ".join(story(5)), "q1": " ".join(story(1))}
    queries = [dataclasses.replace(q, text=texts.get(q.id, q.text)) for q in collection.queries]
    return dataclasses.replace(collection, queries=queries)


def cases(count: int = 150) -> Collection:
    """Two passages from each of many judgments; C7 is the source of q5 in other words, C8 of q1 to the word.

    Of C7 and C8 the passages are taken from elsewhere than the shared facts. The second passage of C9 quotes q5.
    """
    texts = judgments(count)
    plant(texts, "C7", retold(story(5), 3, 2))
    plant(texts, "C8", story(1))
    parts = {f"{g}-{n}": " ".join(t.split()[n * 66 + 36 :][:30]) for g, t in texts.items() for n in (0, 1)}
    queries = [Query(key, text, "train", key.split("-")[0]) for key, text in parts.items()]
    quoting = " ".join([*story(77, 200), *story(5)[:40]])
    queries = [dataclasses.replace(q, text=quoting) if q.id == "C9-1" else q for q in queries]
    documents = [Document(f"s{n}", "", f"statute number {n} on {story(n + 300, 5)}") for n in range(10)]
    judgements = [Judgement(q.id, f"s{i // 2 % 9}", 1) for i, q in enumerate(queries)]
    return Collection(documents, queries, judgements, {}, groups=texts)


def trained(out: PairSet) -> set[str]:
    return {q["id"] for q in out.train_queries if q["source"] == "other"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sources_of_the_tasks_queries_are_dropped_whole_under_every_protocol(
    make_params: MakeParams, collection: Collection, protocol: str
) -> None:
    overrides = (f"protocol={protocol}", "data/train=constitution", "crossval.folds=[0,1]")
    out = build(make_params, told(collection), *overrides, further=cases(), overlap="drop")
    gone = {"other/C7-0", "other/C7-1", "other/C8-0", "other/C8-1", "other/C9-1"}
    assert trained(out) == {f"other/{q.id}" for q in cases().queries} - gone
    written = str([out.train_queries, out.pairs])
    assert not [key for key in gone if f"'{key}'" in written]
    found = {(d["kind"], d["first"], d["second"]): d for d in out.summary["dropped"]}
    assert set(found) == {
        ("group", "other/C7", "q5"),
        ("group", "other/C8", "q1"),
        ("query", "other/C9-1", "q5"),
    }
    assert found["group", "other/C8", "q1"]["shared"].startswith(" ".join(story(1)[:50]))
    assert found["group", "other/C7", "q5"]["queries"] == 2


def test_a_refused_overlap_stays_an_error(make_params: MakeParams, collection: Collection) -> None:
    with pytest.raises(LexfitError, match=r"training query 'other/C9-1' shares .* evaluation query 'q5'"):
        build(make_params, told(collection), "protocol=zero_shot", "data/train=constitution", further=cases())


def test_held_out_queries_never_train_nor_do_documents_that_only_they_cite(
    make_params: MakeParams, collection: Collection
) -> None:
    raw = cases(20)
    held = [dataclasses.replace(q, split="held_out") if q.id == "C3-0" else q for q in raw.queries]
    judgements = [*raw.judgements, Judgement("C3-0", "s9", 1)]
    raw = dataclasses.replace(raw, queries=held, judgements=judgements)
    overrides = ("protocol=zero_shot", "data/train=constitution")
    out = build(make_params, told(collection), *overrides, further=raw, overlap="drop")
    assert "other/C3-0" not in trained(out)
    assert "other/C3-1" in trained(out)
    (record,) = out.further
    assert record == {
        "id": "other/C3-0",
        "source": "other",
        "group": "C3",
        "text": next(q.text for q in held if q.id == "C3-0"),
        "positives": ["other/s3", "other/s9"],
    }
    assert "other/s9" not in {d["id"] for d in out.train_documents}
    assert {d["id"]: d["trained"] for d in out.further_documents} == {f"other/s{n}": n != 9 for n in range(10)}
    assert out.summary["held_out"] == {"other": 1}
    assert out.summary["documents_kept_from_training"] == {"other": 1}


def test_what_tells_the_same_as_a_held_out_query_does_not_train(
    make_params: MakeParams, collection: Collection
) -> None:
    raw = cases(20)
    texts = {q.id: q.text for q in raw.queries}
    copied = {"C4-1": f"{texts['C3-0']} and {texts['C4-1']}", "C5-0": texts["C6-0"]}
    held = [
        dataclasses.replace(q, text=copied.get(q.id, q.text), split="held_out" if q.id == "C3-0" else "train")
        for q in raw.queries
    ]
    out = build(
        make_params,
        told(collection),
        "protocol=zero_shot",
        "data/train=constitution",
        further=dataclasses.replace(raw, queries=held),
        overlap="drop",
    )
    assert {"other/C3-0", "other/C4-1"} & trained(out) == set()
    assert {"other/C5-0", "other/C6-0"} <= trained(out)  # alike, and both train
    (found,) = [d for d in out.summary["dropped"] if d["second"] == "other/C3-0"]
    assert (found["first"], found["share"]) == ("other/C4-1", 1.0)


def test_passages_of_one_judgment_share_a_fold(make_params: MakeParams, collection: Collection) -> None:
    overrides = ("protocol=zero_shot", "data/train=constitution", "crossval.folds=[0,1,2]")
    out = build(make_params, told(collection), *overrides, further=cases(), overlap="drop")
    folds: dict[str, set[int]] = {}
    for query in out.train_queries:
        folds.setdefault(query["group"], set()).add(query["fold"])
    assert {len(numbers) for numbers in folds.values()} == {1}
    assert {f for numbers in folds.values() for f in numbers} == {0, 1, 2}
    assert out.summary["groups_of_near_duplicate_queries"] == 0


def test_a_group_without_its_whole_text_is_judged_by_its_queries() -> None:
    raw = dataclasses.replace(cases(20), groups={"C0": "the whole text"})
    groups = whole_groups(raw)
    assert groups["C0"] == "the whole text"
    assert groups["C1"] == "\n".join(q.text for q in raw.queries if q.group == "C1")


def test_real_cases_that_aila_queries_were_taken_from_are_dropped(
    make_params: Callable[..., Params], aila_release: Path
) -> None:
    params = make_params("data=aila_fire", "protocol=zero_shot", "data/train=citations")
    task = load(dataclasses.replace(params.data, path=str(aila_release)))
    archive = Archive(aila_release)
    names = [n for n in archive.names if "Object_casedocs/" in n and n.endswith(".txt")]
    texts = {Path(n).stem: archive.read(n).decode(errors="replace") for n in names}
    queries = [Query(f"{g}-0", t[3000:4500], "train", g) for g, t in texts.items() if t[3000:4500].strip()]
    documents = [Document("s0", "", "statute"), Document("s1", "", "another")]
    judgements = [Judgement(q.id, f"s{i % 2}", 1) for i, q in enumerate(queries)]
    out = build_pairs(
        source(task), {"citations": source(Collection(documents, queries, judgements, {}, groups=texts))}, params
    )
    dropped = {(d["second"], d["first"]) for d in out.summary["dropped"] if d["kind"] == "group"}
    assert dropped == {
        ("AILA_Q14", "citations/C46"),
        ("AILA_Q15", "citations/C297"),
        ("AILA_Q21", "citations/C113"),
        ("AILA_Q34", "citations/C165"),
    }
    assert not {"C46", "C113", "C165", "C297"} & {q["group"] for q in out.train_queries}
    assert len(out.train_queries) > 2700
