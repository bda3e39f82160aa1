"""Votes of the nearest training queries, against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lexfit.config_second_stage import NeighboursParams
from lexfit.second_stage.neighbours import same_texts, vote

JUDGED = [{"a": 1.0}, {"b": 3.0, "a": 1.0}, {}, {"c": 2.0}]


def test_votes_are_softmax_weights_times_shares_of_grades() -> None:
    similarity = np.array([[0.9, 0.8, 1.0, 0.1]])
    (scores,) = vote(similarity, JUDGED, ["a", "b", "c", "d"], NeighboursParams(2, 0.1))
    near, far = 1 / (1 + math.exp(-1)), math.exp(-1) / (1 + math.exp(-1))
    assert scores == pytest.approx({"a": near + far / 4, "b": far * 3 / 4, "c": 0.0, "d": 0.0})


def test_votes_sum_to_one_whatever_the_count() -> None:
    similarity = np.random.default_rng(0).normal(size=(5, 4))
    for count in (1, 2, 100):
        for scores in vote(similarity, JUDGED, ["a", "b", "c"], NeighboursParams(count, 0.05)):
            assert sum(scores.values()) == pytest.approx(1.0)


def test_without_judged_neighbours_every_score_is_0() -> None:
    assert vote(np.ones((1, 1)), [{}], ["a"], NeighboursParams(3, 0.1)) == [{"a": 0.0}]


def test_copies_of_a_statute_vote_for_it() -> None:
    documents = [
        {"id": "S1", "text": "Punishment for theft."},
        {"id": "citations/S1", "text": "Punishment  for\ntheft."},
        {"id": "citations/S9", "text": "Something else."},
    ]
    assert same_texts(documents, ["S1"]) == {"S1": "S1", "citations/S1": "S1"}
