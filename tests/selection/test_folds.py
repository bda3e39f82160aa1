"""Which trainings a nested cross-validation takes, and that no score comes from a model that saw its query."""

from __future__ import annotations

from pathlib import Path

import pytest

from lexfit.io import write_tsv
from lexfit.selection.folds import HEADER, Score, excluded_sets, from_text, scores_of, to_rows


def test_five_folds_take_fifteen_trainings_instead_of_twenty_five() -> None:
    sets = excluded_sets(range(5))
    assert len(sets) == len(set(sets)) == 15
    # Every outer fold has an inner model for each other fold.
    for outer in range(5):
        for inner in set(range(5)) - {outer}:
            assert frozenset({outer, inner}) in sets


def test_a_model_without_two_folds_is_the_inner_model_of_both() -> None:
    per_query = {"a": {"ndcg_at_10": 0.25}, "b": {"ndcg_at_10": 0.5}}
    found = scores_of(frozenset({1, 3}), (4, 0.75), per_query, {"a": 1, "b": 3, "c": 0}, "ndcg_at_10")
    assert found == [Score(4, 0.75, "a", 1, 3, 0.25), Score(4, 0.75, "b", 3, 1, 0.5)]
    assert (
        scores_of(frozenset({1}), (4, 1.0), {"a": {"ndcg_at_10": 0.25}}, {"a": 1}, "ndcg_at_10")[0].also_excluded
        is None
    )


def test_a_query_that_trained_is_never_scored() -> None:
    with pytest.raises(ValueError, match="trained on"):
        scores_of(frozenset({1, 3}), (4, 1.0), {"c": {"ndcg_at_10": 1.0}}, {"c": 0}, "ndcg_at_10")


def test_scores_survive_their_file(tmp_path: Path) -> None:
    scores = [
        Score(4, 0.5, "AILA_Q1", 0, None, 0.25),
        Score(4, 0.5, "AILA_Q1", 0, 2, 0.125),
        Score(4, 1.0, "q 2", 1, 0, 1.0),
        Score(12, 0.5, "AILA_Q1", 0, None, 0.5),
    ]
    write_tsv(tmp_path / "scores.tsv", HEADER, to_rows(reversed(scores)))
    assert from_text((tmp_path / "scores.tsv").read_text()) == scores
