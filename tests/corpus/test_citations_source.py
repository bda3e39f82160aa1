"""Judgments as training data: cases become queries, what they cite becomes their positives with counts."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lexfit.corpus.records import Document
from lexfit.corpus.sources import load
from lexfit.corpus.sources.statutes import labelled, title_of
from lexfit.errors import LexfitError
from tests.conftest import REPO

if TYPE_CHECKING:
    from collections.abc import Callable

    from lexfit.config import Params, TrainSourceParams
    from lexfit.corpus.records import Collection

FILLER = " ".join(f"fact{i}" for i in range(60))


def case(number: int, law: str) -> str:
    return (
        f"A v B{number}\nSupreme Court of India\n\n11 July 2001\nThe Judgment was delivered by : X, J\n"
        f"1. Case {number} is this. {FILLER}\n2. {law}"
    )


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Ten cases over the real table of statutes, whose texts are made up."""
    (tmp_path / "Object_statutes").mkdir()
    (tmp_path / "Object_casedocs").mkdir()
    with (REPO / "data/sources/aila/statutes.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            text = f"Title: Heading of {row['id']}\nDesc: What {row['id']} says.\n"
            (tmp_path / "Object_statutes" / f"{row['id']}.txt").write_text(text, encoding="utf-8")
    for number in range(1, 11):
        law = (
            "Convicted under S. 302 IPC and again S. 302 IPC and S. 34 IPC."
            if number % 2
            else "A writ under Art. 226 of the Constitution."
        )
        (tmp_path / "Object_casedocs" / f"C{number}.txt").write_text(case(number, law), encoding="utf-8")
    (tmp_path / "Object_casedocs" / "C11.txt").write_text(case(11, "No law is named here."), encoding="utf-8")
    return tmp_path


@pytest.fixture
def source(make_params: Callable[..., Params], release: Path) -> TrainSourceParams:
    params = make_params("data/train=citations", "data=aila_fire", "protocol=zero_shot")
    return replace(params.data.train["citations"], path=str(release))


def loaded(source: TrainSourceParams, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Collection:
    monkeypatch.chdir(REPO)
    changed = {**source.options, "held_out_cases": 0.0, "held_out_statutes": 0.0, "passage_words": 50, **options}
    return load(replace(source, options=changed), "data.train.citations", 42)


def test_scores_are_citation_counts_and_groups_are_cases(
    source: TrainSourceParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = loaded(source, monkeypatch, passages=1)
    assert len(found.documents) == 197
    assert {(j.doc_id, j.score) for j in found.judgements if j.query_id == "C1.1"} == {("S2", 2), ("S6", 1)}
    assert {(j.doc_id, j.score) for j in found.judgements if j.query_id == "C2.1"} == {("S1", 1)}
    assert {q.group for q in found.queries} == set(found.groups) == {f"C{n}" for n in range(1, 11)}
    assert found.facts["citations"]["cases_without_statute"] == 1
    assert found.facts["citations"]["resolved"] == found.facts["citations"]["in_corpus"] == 20


def test_a_statute_cited_by_too_few_cases_is_no_target(
    source: TrainSourceParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path(str(source.path)) / "Object_casedocs" / "C12.txt").write_text(case(12, "S. 420 IPC."), encoding="utf-8")
    found = loaded(source, monkeypatch)
    assert "S20" not in {j.doc_id for j in found.judgements}
    assert "S20" in {j.doc_id for j in loaded(source, monkeypatch, min_cases=1).judgements}


def test_held_out_cases_and_statutes_never_train(source: TrainSourceParams, monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded(source, monkeypatch, held_out_cases=0.3, held_out_statutes=0.34)
    split = {q.id: q.split for q in found.queries}
    held = {q.group for q in found.queries if q.split == "held_out"}
    assert held and held.isdisjoint({q.group for q in found.queries if q.split == "train"})
    unseen = set(found.facts["citations"]["statutes_held_out"])
    assert unseen and not [j for j in found.judgements if split[j.query_id] == "train" and j.doc_id in unseen]
    assert loaded(source, monkeypatch, held_out_cases=0.3, held_out_statutes=0.34) == found


def test_masking_can_be_turned_off(source: TrainSourceParams, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = loaded(source, monkeypatch, mask=False, passage_words=200)
    hidden = loaded(source, monkeypatch, passage_words=200)
    assert "302" in plain.queries[0].text and "302" not in hidden.queries[0].text


def test_a_release_without_cases_says_what_is_missing(
    source: TrainSourceParams, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (release / "Object_casedocs").iterdir():
        path.unlink()
    with pytest.raises(LexfitError, match="Object_casedocs"):
        loaded(source, monkeypatch)


def test_independent_texts_need_the_central_acts(source: TrainSourceParams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEXFIT_CENTRAL_ACTS", raising=False)
    with pytest.raises(LexfitError, match="LEXFIT_CENTRAL_ACTS"):
        loaded(source, monkeypatch, texts="independent")


def test_a_labelled_statute_reads_as_in_the_release_and_keeps_its_title() -> None:
    plain = Document("S2", "Punishment for murder", "Whoever commits murder\nshall be punished")
    found = labelled(plain)
    assert found.full_text == "Title: Punishment for murder\nDesc: Whoever commits murder\nshall be punished"
    assert title_of(found) == title_of(plain) == plain.title


def test_the_releases_own_texts_are_not_labelled_twice(
    source: TrainSourceParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LexfitError, match=r"options\.labels"):
        loaded(source, monkeypatch, labels=True)


def test_real_judgments_find_real_statutes_in_words_that_are_not_ailas(
    make_params: Callable[..., Params], aila_release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not os.environ.get("LEXFIT_CENTRAL_ACTS"):
        pytest.skip("Central Acts absent: set LEXFIT_CENTRAL_ACTS to sections.jsonl.gz or its folder")
    monkeypatch.setenv("LEXFIT_AILA_FIRE", str(aila_release))
    monkeypatch.chdir(REPO)
    params = make_params(
        "data/train=citations", "data=aila_fire", "protocol=zero_shot", "data.train.citations.options.texts=independent"
    )
    found = load(params.data.train["citations"], "data.train.citations", 42)
    aila = {words(d.text) for d in load(params.data).documents}
    # It is the same law: some sections read the same word for word, from another file.
    same = {words(d.full_text) for d in found.documents} & aila
    assert len(same) < len(found.documents) / 4
    assert not [d.id for d in found.documents if d.text.startswith("Title:") or "Desc:" in d.text]
    assert len(found.documents) >= 200
    assert len(found.queries) >= 5000
    counts = found.facts["citations"]
    assert counts["cases_used"] + counts["cases_without_statute"] == counts["cases"] == 2914
    assert found.facts["texts"]["kind"] == "independent"
    murder = [d for d in found.documents if d.full_text.startswith("Punishment for murder")]
    assert len(murder) == 1
    cited = [scores[murder[0].id] for scores in by_query(found).values() if murder[0].id in scores]
    assert len(cited) > 300


def words(text: str) -> str:
    """A text's words, without labels, case and punctuation."""
    return " ".join(re.findall(r"\w+", re.sub(r"Title:|Desc:", " ", text).lower()))


def by_query(collection: Collection) -> dict[str, dict[str, int]]:
    scores: dict[str, dict[str, int]] = {}
    for judgement in collection.judgements:
        scores.setdefault(judgement.query_id, {})[judgement.doc_id] = judgement.score
    return scores
