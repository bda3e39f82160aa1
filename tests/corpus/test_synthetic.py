"""Filters of synthetic queries: each drops what it is for and counts it; a source without queries says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lexfit.config import Params
from lexfit.corpus.records import Document
from lexfit.corpus.sources import load
from lexfit.corpus.sources.options import SyntheticOptions
from lexfit.corpus.synthetic import Written, choose, clean_text, copied_share, whole_sentences
from lexfit.errors import LexfitError
from lexfit.io import write_json
from lexfit.jsonl import write_jsonl

LAW = "Whoever commits theft shall be punished with imprisonment for a term which may extend to three years."
DOCUMENTS = {
    "d1": Document("d1", "Punishment for theft", LAW),
    "d2": Document("d2", "Bail", "A person may be released."),
}
OPTIONS = SyntheticOptions("beir", None, 250, 4, 6, 0.2, 1)


def test_each_filter_drops_what_it_is_for() -> None:
    asked: list[list[Written]] = []

    def rank(texts: list[Written]) -> list[int]:
        asked.append(texts)
        return [2 if "weather" in text.text else 1 for text in texts]

    good = "Ravi took his neighbour's bicycle at night and sold it in the market."
    texts = [
        Written("d1", 1, "Too short a text."),
        Written("d1", 2, "Whoever commits theft shall be punished with imprisonment, said Ravi."),
        Written("d1", 3, good),
        Written("d1", 4, good.upper()),
        Written("d2", 1, "Somebody spoke about the weather for a very long time."),
    ]
    found, dropped = choose(texts, DOCUMENTS, OPTIONS, rank)
    assert [(text.number, place) for text, place in found] == [(3, 1)]
    assert dropped == {"short": 1, "copied": 1, "repeated": 1, "not_found": 1}
    assert [[text.number for text in call] for call in asked] == [[3, 1]]
    assert sum(dropped.values()) + len(found) == len(texts)


def test_nothing_is_ranked_if_nothing_is_left() -> None:
    def rank(texts: list[Written]) -> list[int]:
        raise AssertionError(texts)

    assert choose([Written("d1", 1, "Short.")], DOCUMENTS, OPTIONS, rank) == (
        [],
        {"short": 1, "copied": 0, "repeated": 0, "not_found": 0},
    )


def test_copied_share_is_that_of_five_word_runs() -> None:
    assert copied_share(LAW, LAW) == 1.0
    assert copied_share("Whoever commits theft shall be fined", LAW) == 0.5
    assert copied_share("four words at most", LAW) == 0.0


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("**Facts:** Ravi took a bicycle.", "Ravi took a bicycle."),
        ("1. Ravi took\na   bicycle.", "Ravi took a bicycle."),
        ("Ravi was charged under Section 379 of the Indian Penal Code.", "Ravi was charged under the law."),
        ("This is punishment for theft, said Ravi.", "This is the law, said Ravi."),
    ],
)
def test_texts_are_one_plain_line_that_does_not_name_the_law(written: str, expected: str) -> None:
    assert clean_text(written, "Punishment for theft") == expected


def test_a_sentence_that_was_cut_off_is_left_out() -> None:
    assert whole_sentences("Ravi took it. He then sol") == "Ravi took it."
    assert whole_sentences("no full stop at all") == "no full stop at all"


def source_of(make_params: Callable[..., Params]) -> Any:
    needs = ["data.train.synthetic.license=mit", "data.train.synthetic.options.corpus=beir"]
    return make_params("data/train=synthetic", *needs).data.train["synthetic"]


def test_the_source_reads_what_the_stage_wrote(
    make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = source_of(make_params)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LexfitError, match="dvc repro synthetic"):
        load(source, "data.train.synthetic")
    folder = tmp_path / "data/synthetic/synthetic"
    write_jsonl(
        folder / "documents.jsonl", [{"id": d.id, "title": d.title, "text": d.text} for d in DOCUMENTS.values()]
    )
    write_jsonl(folder / "queries.jsonl", [])
    write_json(folder / "facts.json", {"source": "synthetic", "dropped": {"queries": {"short": 3, "copied": 1}}})
    with pytest.raises(LexfitError, match=r"no synthetic query passed \(copied 1, short 3\)"):
        load(source, "data.train.synthetic")
    write_jsonl(folder / "queries.jsonl", [{"id": "d1/2", "document": "d1", "text": "Ravi took it.", "rank": 1}])
    found = load(source, "data.train.synthetic")
    assert found.positives() == {"d1/2": {"d1"}}
    assert [q.group for q in found.queries] == ["d1"]
    assert found.facts["license"] == "mit"
