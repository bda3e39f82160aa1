"""Rows of the trainer: pairs of the right queries, rotating negatives, labels by which the loss masks."""

from __future__ import annotations

from typing import Any

from lexfit.training.batches import PassagePicker, build_training_data

QUERIES: list[dict[str, Any]] = [
    {"id": "q0", "clean_text": "tax on land", "positives": ["d0", "d1", "S58"]},
    {"id": "q1", "clean_text": "murder", "positives": ["d2"]},
]
DOCUMENTS: list[dict[str, Any]] = [
    {"id": "d0", "passages": ["a long preface", "the tax on land and buildings"]},
    {"id": "d1", "passages": ["levy"]},
    {"id": "d2", "passages": ["punishment for murder"]},
    {"id": "d3", "passages": ["theft"]},
]
PAIRS = [
    {"query_id": "q0", "doc_id": "d0"},
    {"query_id": "q0", "doc_id": "d1"},
    {"query_id": "q1", "doc_id": "d2"},
]
NEGATIVES = [{"query_id": "q0", "doc_id": "d2"}, {"query_id": "q0", "doc_id": "d3"}]


def test_rows_and_labels() -> None:
    data = build_training_data(QUERIES, DOCUMENTS, PAIRS, NEGATIVES, 1)
    assert [r["label"] for r in data.rows] == [[0, 0, 2], [0, 1, 3], [1, 2, 2]]
    assert [r["negative_1"] for r in data.rows] == ["punishment for murder", "theft", "punishment for murder"]
    assert data.rows[0]["positive"] == "the tax on land and buildings"
    assert list(data.rows[0]) == ["anchor", "positive", "negative_1", "label"]


def test_relevance_holds_every_known_positive_that_has_text() -> None:
    data = build_training_data(QUERIES, DOCUMENTS, PAIRS, NEGATIVES, 0)
    assert data.relevance().tolist() == [[True, True, False, False], [False, False, True, False]]


def test_queries_of_a_held_out_fold_leave_with_their_pairs() -> None:
    data = build_training_data(QUERIES[:1], DOCUMENTS, PAIRS, NEGATIVES, 0)
    assert data.query_ids == ["q0"]
    assert len(data.rows) == 2


def test_best_passage_is_bm25s_first() -> None:
    picker = PassagePicker({d["id"]: d["passages"] for d in DOCUMENTS})
    assert picker.pick("tax on land", "d0") == "the tax on land and buildings"
    assert picker.pick("nothing shared", "d0") == "a long preface"
