"""Rows of the trainer: pairs of the right queries, rotating negatives, numbers that stand for the right texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from lexfit.config import Params
from lexfit.training.batches import TrainingData, build_training_data, load_training_data
from lexfit.training.negative_table import NegativeTable
from lexfit.training.passages import PassagePicker

Make = Callable[..., Params]
QUERIES: list[dict[str, Any]] = [
    {"id": "q0", "source": "task", "clean_text": "tax on land", "positives": ["d0", "d1", "S58"], "fold": 0},
    {"id": "q1", "source": "task", "clean_text": "murder", "positives": ["d2"], "fold": 1},
    {"id": "q2", "source": "other", "clean_text": "levy", "positives": ["d4"], "fold": 2},
]
DOCUMENTS: list[dict[str, Any]] = [
    {"id": "d0", "source": "task", "passages": ["a long preface", "the tax on land and buildings"]},
    {"id": "d1", "source": "task", "passages": ["levy"]},
    {"id": "d2", "source": "task", "passages": ["punishment for murder"]},
    {"id": "d3", "source": "task", "passages": ["theft"]},
    {"id": "d4", "source": "other", "passages": ["elsewhere"]},
]
PAIRS = [
    {"query_id": "q0", "doc_id": "d0", "score": 1},
    {"query_id": "q0", "doc_id": "d1", "score": 3},
    {"query_id": "q1", "doc_id": "d2", "score": 1},
    {"query_id": "q2", "doc_id": "d4", "score": 1},
]
NEGATIVES = [{"query_id": "q0", "doc_id": "d2", "weight": 2.0}, {"query_id": "q0", "doc_id": "d3", "weight": 1.0}]
RECORDS = {"queries": QUERIES, "documents": DOCUMENTS, "pairs": PAIRS, "negatives": NEGATIVES}


def build(per_pair: int = 1) -> TrainingData:
    return build_training_data(QUERIES, DOCUMENTS, PAIRS, NEGATIVES, per_pair=per_pair)


def test_rows_name_query_passage_and_negatives_used_before() -> None:
    data = build()
    assert [r["label"] for r in data.rows] == [[0, 1, 0], [0, 2, 1], [1, 3, 0], [2, 5, 0]]
    assert data.rows[0]["positive"] == "the tax on land and buildings"
    assert data.passages[3] == "punishment for murder"
    assert data.doc_of_passage == [0, 0, 1, 2, 3, 4]
    assert data.negatives == [[(3, 2.0), (4, 1.0)], [], []]


def test_relevance_holds_every_known_positive_that_has_text() -> None:
    expected = [[True, True, False, False, False], [False, False, True, False, False], [False] * 4 + [True]]
    assert build().relevance().tolist() == expected


def test_gains_are_the_scores_of_the_judgements() -> None:
    data = build()
    assert data.gains().tolist() == [[1.0, 3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0], [0.0] * 4 + [1.0]]
    assert torch.equal(data.gains() > 0, data.relevance())


def test_documents_belong_to_their_source() -> None:
    assert build().same_source().tolist() == [[True] * 4 + [False]] * 2 + [[False] * 4 + [True]]


def test_queries_of_held_out_folds_leave_with_their_pairs(make_params: Make) -> None:
    data = load_training_data(RECORDS, make_params().batches, {1})
    assert data.query_ids == ["q0", "q2"]
    assert [r["label"][0] for r in data.rows] == [0, 0, 1]
    assert data.inner == []


@pytest.mark.parametrize(("excluded", "inner"), [(set(), "q0"), ({0}, "q1"), ({1}, "q2"), ({2}, "q0")])
def test_early_stopping_holds_the_next_fold_out(excluded: set[int], inner: str, make_params: Make) -> None:
    data = load_training_data(RECORDS, make_params().batches, excluded, inner=True)
    assert [data.query_ids[row] for row in data.inner] == [inner]
    assert inner not in [data.query_ids[r["label"][0]] for r in data.rows]
    assert data.positives[data.inner[0]]


def test_windows_train_as_queries_with_their_texts_judgements_and_negatives(make_params: Make) -> None:
    long = " ".join(f"word{n}" for n in range(50))
    queries = [{**QUERIES[0], "clean_text": long}, *QUERIES[1:]]
    batches = make_params("batches.windows=3", "batches.window_words=20", "batches.negatives=1").batches
    data = load_training_data({**RECORDS, "queries": queries}, batches, {2}, inner=True)
    assert data.query_ids == ["q1#1", "q0"]  # q0 is held out for early stopping: whole, and ranked only
    data = load_training_data({**RECORDS, "queries": queries}, batches, {2})
    assert data.query_ids == ["q0#1", "q0#2", "q0#3", "q1#1"]
    assert [text.split()[0] for text in data.query_texts] == ["word0", "word10", "word20", "murder"]
    assert data.query_texts[3] == "murder"
    assert data.relevance()[:3].tolist() == [[True, True, False, False, False]] * 3
    assert [len(own) for own in data.negatives] == [2, 2, 2, 0]
    assert sorted(row["label"][0] for row in data.rows) == [0, 0, 1, 1, 2, 2, 3]


def test_best_passage_is_bm25s_first() -> None:
    picker = PassagePicker({d["id"]: d["passages"] for d in DOCUMENTS})
    assert picker.flat[picker.pick("tax on land", "d0")] == "the tax on land and buildings"
    assert picker.flat[picker.pick("nothing shared", "d0")] == "a long preface"


def test_negatives_rotate_repeat_and_give_way_to_the_positive() -> None:
    table = NegativeTable(build().negatives, width=8)
    queries, positives = torch.tensor([0, 0, 1]), torch.tensor([1, 2, 3])
    drawn, weights = table.draw(queries, positives, torch.tensor([0, 1, 0]), 3)
    assert drawn.tolist() == [[3, 4, 3], [4, 3, 4], [3, 3, 3]]
    assert weights.tolist() == [[2.0, 1.0, 2.0], [1.0, 2.0, 1.0], [1.0, 1.0, 1.0]]
    table.replace([[(5, 1.0)], [], []])
    assert table.draw(queries, positives, torch.tensor([0, 1, 0]), 1)[0].tolist() == [[5], [5], [3]]
