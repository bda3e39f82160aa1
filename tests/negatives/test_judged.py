"""Documents judged 0 come before mined ones, and no positive is among them."""

from __future__ import annotations

import dataclasses
from typing import Any

from lexfit.config import NegativesParams
from lexfit.negatives.judged import judged_first
from lexfit.negatives.mining import Pool, mine_query

PARAMS = NegativesParams(["judged", "bm25"], 3, 1, 50, None, None, "rank")
SCORES = {"p": 9.0, "a": 8.0, "b": 7.0, "c": 6.0, "d": 1.0}


def mined(not_relevant: list[str], **changes: Any) -> tuple[list[dict[str, Any]], dict[str, int]]:
    params = dataclasses.replace(PARAMS, **changes)
    query = {"id": "q", "positives": ["p"], "not_relevant": not_relevant}
    return judged_first(query, mine_query(query, Pool(list(SCORES)), {"bm25": lambda _: SCORES}, params, 1), params)


def test_judged_documents_come_first_and_keep_what_others_say_of_them() -> None:
    records, dropped = mined(["d", "b"])
    assert [(r["doc_id"], r["rank"], sorted(r["miners"])) for r in records] == [
        ("b", 1, ["bm25", "judged"]),
        ("d", 2, ["judged"]),
        ("a", 3, ["bm25"]),
    ]
    assert records[0]["miners"]["bm25"]["score"] == 7.0
    assert records[0]["weight"] > records[1]["weight"] > records[2]["weight"]
    assert (dropped["judged_beyond"], dropped["displaced"]) == (0, 1)


def test_no_more_than_asked_and_no_positive() -> None:
    records, dropped = mined(["p", "d", "c", "b", "a"], per_query=2)
    assert [r["doc_id"] for r in records] == ["a", "b"]
    assert dropped["judged_beyond"] == 2


def test_judged_alone_and_without_judgements() -> None:
    assert [r["doc_id"] for r in mined(["d"], miners=["judged"])[0]] == ["d"]
    assert mined([], miners=["judged"])[0] == []


def test_nothing_changes_where_it_is_not_asked_for() -> None:
    assert [r["doc_id"] for r in mined(["d"], miners=["bm25"])[0]] == ["a", "b", "c"]
