"""Grid, random draws and TPE."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from lexfit.errors import LexfitError
from lexfit.sweeps.samplers import Study, drawn, grid, points_of
from lexfit.sweeps.space import axis_of

RATE = axis_of("rate", {"low": 1.0e-5, "high": 1.0e-3, "log": True, "points": 3}, "s")
SPACE = (RATE, axis_of("epochs", {"low": 1, "high": 3}, "s"), axis_of("kinds", [["a"], ["a", "b"]], "s"))


def optuna() -> None:
    pytest.importorskip("optuna", reason="optuna absent: make setup-sweep")


def test_a_grid_is_every_combination() -> None:
    members = grid(SPACE)
    assert len(members) == 18
    assert members[0] == {"rate": 1e-05, "epochs": 1, "kinds": ["a"]}
    assert members[-1] == {"rate": 1e-03, "epochs": 3, "kinds": ["a", "b"]}
    assert points_of(RATE) == [1e-05, 1e-04, 1e-03]
    assert points_of(axis_of("a", {"low": 0.0, "high": 1.0, "points": 5}, "s")) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert points_of(axis_of("a", {"low": 1, "high": 64, "log": True, "points": 4}, "s")) == [1, 4, 16, 64]


def test_a_grid_over_any_numbers_must_say_how_many() -> None:
    with pytest.raises(LexfitError, match="a: is a range, and a grid needs to know of how many"):
        grid([axis_of("a", {"low": 0.0, "high": 1.0}, "s")])


def test_random_members_lie_in_the_space_and_follow_from_the_seed() -> None:
    optuna()
    members = drawn(SPACE, 12, 42)
    assert len({str(member) for member in members}) == 12
    assert all(1e-5 <= m["rate"] <= 1e-3 and m["epochs"] in {1, 2, 3} and m["kinds"][0] == "a" for m in members)
    assert sum(m["rate"] < 1e-4 for m in members) > 2  # drawn by the logarithm
    assert drawn(SPACE, 5, 42) == members[:5]
    assert drawn(SPACE, 5, 43) != members[:5]


def test_a_small_space_is_drawn_no_more_often_than_it_has_members() -> None:
    optuna()
    assert sorted(m["a"] for m in drawn([axis_of("a", [1, 2], "s")], 9, 1)) == [1, 2]


def proposed(count: int) -> list[dict[str, Any]]:
    study, found = Study(SPACE, "tpe", 7), []
    for number in range(count):
        found.append(study.ask())
        study.tell(None if number == 2 else -abs(found[-1]["rate"] - 1e-4))
    return found


def test_tpe_proposes_the_same_again_when_it_is_told_the_same() -> None:
    optuna()
    members = proposed(30)
    assert proposed(30) == members
    late, early = ([abs(m["rate"] - 1e-4) for m in part] for part in (members[15:], members[:10]))
    assert sum(late) / len(late) < sum(early) / len(early)


def test_without_optuna_the_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(LexfitError, match=r"optuna: isn't installed\. Run `make setup-sweep`"):
        Study(SPACE, "tpe", 1)
