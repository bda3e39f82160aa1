"""Halving, and the choice of a winner with its evidence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.sweeps.choice import choose, ranked
from lexfit.sweeps.halving import cut


def test_the_better_half_goes_on() -> None:
    decided = cut({"a": 0.1, "b": 0.5, "c": 0.3, "d": 0.3, "e": 0.2})
    assert decided.kept == ["b", "c", "d"]
    assert decided.stopped == ["e", "a"]
    assert decided.threshold == 0.3
    assert cut({"a": 0.1}) == (["a"], [], 0.1)


def scores(level: float, lift: float = 0.0) -> dict[str, float]:
    return {f"q{i}": level + 0.02 * i + (lift if i < 3 else 0.0) for i in range(12)}


def test_the_winner_is_paired_with_runner_up_and_default(make_params: Callable[..., Params]) -> None:
    params = make_params("evaluation.bootstrap=500").evaluation
    members = {"s-0000": scores(0.2), "s-0001": scores(0.4), "s-0002": scores(0.4, 0.1), "s-0003": scores(0.1)}
    found = choose(members, "s-0000", params, 42)
    assert found is not None
    assert found["member"] == "s-0002"
    second, default = found["against_runner_up"], found["against_default"]
    assert second["member"] == "s-0001"
    assert (second["better"], second["equal"], second["worse"]) == (3, 9, 0)
    assert second["mean"] == pytest.approx(0.025)
    assert second["low"] <= second["mean"] <= second["high"]
    assert second["p_value"] > 0.1
    assert default["member"] == "s-0000"
    assert default["low"] > 0.19
    assert default["p_value"] < 0.01
    assert "No score that is claimed or tested takes part" in found["rule"]


def test_the_default_can_win_and_an_empty_sweep_has_no_winner(make_params: Callable[..., Params]) -> None:
    params = make_params("evaluation.bootstrap=500").evaluation
    found = choose({"s-0000": scores(0.5), "s-0001": scores(0.5)}, "s-0000", params, 42)
    assert found is not None
    assert found["member"] == "s-0000"  # of equal ones the first
    assert found["against_default"] is None
    assert choose({}, "s-0000", params, 42) is None


def test_members_over_different_queries_do_not_compare() -> None:
    with pytest.raises(LexfitError, match="b: is scored over 1 queries, others over 2"):
        ranked({"a": {"x": 1.0, "y": 0.0}, "b": {"x": 1.0}})
