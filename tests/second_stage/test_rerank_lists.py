"""Lists hold one known positive and no other; a rotation over all queries, the same for the same seed."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from lexfit.config_second_stage import RerankerTrainingParams
from lexfit.second_stage.rerank_lists import RankingList, draw_lists, draw_queries, rows_of
from lexfit.training.batches import TrainingData, build_training_data


@pytest.fixture
def data() -> TrainingData:
    """Three queries over eight documents, the second split in two; q2 has no positive."""
    documents = [{"id": f"d{i}", "source": "task", "passages": [f"law {i}"]} for i in range(8)]
    documents[1]["passages"] = ["first part", "second part about theft"]
    positives = {"q0": ["d0", "d1"], "q1": ["d1"], "q2": []}
    queries = [
        {"id": q, "source": "task", "text": q, "clean_text": f"facts {q} theft", "positives": p}
        for q, p in positives.items()
    ]
    pairs = [{"query_id": q, "doc_id": d, "score": 3 if d == "d1" else 1} for q, own in positives.items() for d in own]
    return build_training_data(queries, documents, pairs, [], per_pair=0)


def params(**changes: int) -> RerankerTrainingParams:
    numbers = {"steps": 10, "queries": 3, "negatives": 3, "negatives_from": 4, **changes}
    return RerankerTrainingParams(**numbers, learning_rate=1e-3, warmup_ratio=0.1, weight_decay=0.0)


def test_queries_are_drawn_in_whole_passes(data: TrainingData) -> None:
    drawn = draw_queries(data, 30, seed=1)
    assert Counter(drawn) == {0: 15, 1: 15}
    assert drawn == draw_queries(data, 30, seed=1) != draw_queries(data, 9, seed=2)
    assert draw_queries(data, 0, seed=1) == []


def test_no_known_positive_is_a_negative(data: TrainingData) -> None:
    ranking = [1, 0, 2, 3, 4, 5, 6, 7]  # the positives on top
    lists = draw_lists(data, [0] * 200, lambda _: ranking, params(), seed=1)
    assert len(lists) == 200
    owners = [{data.doc_of_passage[p] for p in one.negatives} for one in lists]
    assert set.union(*owners) == {2, 3, 4, 5}  # the four best that aren't known
    assert all(len(own) == 3 for own in owners)


def test_positives_are_drawn_by_their_grade(data: TrainingData) -> None:
    lists = draw_lists(data, [0] * 400, lambda _: range(8), params(), seed=1)
    counts = Counter(data.doc_of_passage[one.positive] for one in lists)
    assert counts[1] + counts[0] == 400
    assert 250 < counts[1] < 350  # three quarters


def test_a_split_positive_trains_by_the_passage_that_fits(data: TrainingData) -> None:
    lists = draw_lists(data, [1], lambda _: range(8), params(), seed=1)
    assert data.passages[lists[0].positive] == "second part about theft"


def test_a_query_without_other_documents_is_left_out(data: TrainingData) -> None:
    assert draw_lists(data, [1], lambda _: [1], params(), seed=1) == []


def test_rows_say_what_each_loss_takes(data: TrainingData) -> None:
    lists = [RankingList(0, 0, (4, 5))]
    (listwise,) = rows_of(lists, data, "listnet")
    assert listwise["documents"] == ["law 0", data.passages[4], data.passages[5]]
    assert listwise["label"] == [0.0, -math.inf, -math.inf]
    assert rows_of(lists, data, "lambda")[0]["label"] == [1.0, 0.0, 0.0]
    assert [row["label"] for row in rows_of(lists, data, "bce")] == [1.0, 0.0, 0.0]
