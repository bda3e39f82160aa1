"""What moved between two rankings."""

from __future__ import annotations

import pytest

from lexfit.demo.moves import Move, moves


def test_each_kind_of_move_is_told_with_both_ranks() -> None:
    assert moves(list("abcdefg"), list("adbfcge"), k=4) == [
        Move("a", 1, 1, "same"),
        Move("d", 4, 2, "up"),
        Move("b", 2, 3, "down"),
        Move("f", 6, 4, "new"),
        Move("c", 3, 5, "dropped"),
    ]


def test_as_many_are_new_as_dropped() -> None:
    kinds = [move.kind for move in moves(list("abcdefgh"), list("hgfedcba"), k=3)]
    assert kinds.count("new") == kinds.count("dropped") == 3


def test_the_same_ranking_moves_nothing() -> None:
    assert {move.kind for move in moves(list("abc"), list("abc"), k=10)} == {"same"}


def test_rankings_of_other_statutes_are_refused() -> None:
    with pytest.raises(ValueError, match="same statutes"):
        moves(["a", "b"], ["a", "c"], k=1)
