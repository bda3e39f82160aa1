"""The example cases are the project's own, held out by default, and told apart where they trained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lexfit.demo.examples import CHOSEN, SITUATIONS, examples
from lexfit.errors import LexfitError
from lexfit.jsonl import read_jsonl, write_jsonl
from lexfit.stages.common import TRAIN
from tests.conftest import REPO


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_jsonl(TRAIN / "queries.jsonl", [{"id": "q", "text": "Another case.", "source": "task"}])
    return tmp_path


def test_the_six_are_test_situations_with_their_labels(project: Path) -> None:
    del project
    own = {record["id"]: record for record in read_jsonl(REPO / SITUATIONS)}
    found = examples("constitution", REPO / SITUATIONS)
    assert [example.id for example in found] == list(CHOSEN)
    assert {own[example.id]["split"] for example in found} == {"test"}
    assert all(example.labels == tuple(own[example.id]["articles"]) for example in found)
    assert not any(example.trained for example in found)


def test_over_other_statutes_they_have_no_labels(project: Path) -> None:
    del project
    assert {example.labels for example in examples("aila_fire", REPO / SITUATIONS)} == {()}


def test_one_that_trained_is_told(project: Path) -> None:
    del project
    (text,) = [r["text"] for r in read_jsonl(REPO / SITUATIONS) if r["id"] == "a09"]
    write_jsonl(TRAIN / "queries.jsonl", [{"id": "other", "text": text, "source": "mine"}])
    assert [e.id for e in examples("constitution", REPO / SITUATIONS) if e.trained] == ["a09"]


def test_a_missing_situation_is_an_error(project: Path) -> None:
    (project / "few.jsonl").write_text(json.dumps({"id": "a09", "text": "x", "articles": ["1"]}) + "\n")
    with pytest.raises(LexfitError, match="has no situation a39"):
        examples("constitution", project / "few.jsonl")
