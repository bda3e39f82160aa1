"""Spaces of sweeps: what they may say, and what is said where they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lexfit.errors import LexfitError
from lexfit.sweeps.space import Axis, as_override, axis_of, check_space, read_space
from tests.conftest import REPO


def test_the_standard_space_is_accepted() -> None:
    space = read_space(REPO / "sweeps/standard.yaml")
    assert [axis.key for axis in space] == ["train.learning_rate", "loss.temperature"]
    check_space(space, ["data=aila_fire", "protocol=fire2019"], "sweeps/standard.yaml", REPO / "conf")


def test_lists_and_ranges_are_told_apart() -> None:
    assert axis_of("a", [1, "x"], "f") == Axis("a", (1, "x"))
    assert axis_of("a", {"low": 1, "high": 3}, "f").whole
    ranged = axis_of("a", {"low": 1, "high": 3.5, "log": True, "points": 4}, "f")
    assert (ranged.whole, ranged.low, ranged.high, ranged.log, ranged.points) == (False, 1.0, 3.5, True, 4)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], r"f\.yaml: a: is \[\]\. Write a list"),
        ([1, 1], "lists a value twice"),
        ({"low": 1}, "Write a list of values, or {low: …, high: …}"),
        ({"low": 1, "high": 2, "step": 1}, "Write a list of values"),
        ({"low": "5e-5", "high": 1.0}, "has low: '5e-5'. Write a number; YAML takes 5.0e-5 for one"),
        ({"low": 2, "high": 1}, "goes from 2 to 1"),
        ({"low": 0, "high": 1.0, "log": True}, "positive with log"),
        ({"low": 1, "high": 2, "log": 1}, "has log: 1"),
        ({"low": 1, "high": 2, "points": 1}, "has points: 1"),
        (3, "is 3"),
    ],
)
def test_what_is_no_axis_is_named_with_its_key(value: Any, message: str) -> None:
    with pytest.raises(LexfitError, match=message):
        axis_of("a", value, "f.yaml")


def test_a_file_that_is_no_space_is_named(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("a: [1\nb: 2\n")
    with pytest.raises(LexfitError, match=r"s\.yaml:2: not valid YAML"):
        read_space(file)
    file.write_text("[]\n")
    with pytest.raises(LexfitError, match="has no keys"):
        read_space(file)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("train.learningrate", 1.0, r"s\.yaml: train\.learningrate: is no key .* Known there: train\.epochs, "),
        ("trian.epochs", 1, "Sections: adapt, adapter, "),
        ("train.epochs", "two", r"s\.yaml: train\.epochs: is 'two'\. It must be a value of type int"),
        ("adapter", "top9", r"adapter: has no choice 'top9'\. Choose among full, lora, top1, top2"),
        ("seed", 1, "is part of seed, which decides what is scored"),
        ("data.path", "x", "is part of data, which decides what is scored"),
        ("protocol", "kfold", "is part of protocol"),
    ],
)
def test_keys_are_checked_against_the_params(key: str, value: Any, message: str) -> None:
    with pytest.raises(LexfitError, match=message):
        check_space((Axis(key, (value,)),), [], "s.yaml", REPO / "conf")


def test_overrides_are_written_as_hydra_reads_them() -> None:
    written = [as_override("k", value) for value in (5e-05, None, True, "top2", "two words", ["a", 1])]
    assert written == ["k=5e-05", "k=null", "k=true", "k=top2", 'k="two words"', 'k=["a", 1]']
