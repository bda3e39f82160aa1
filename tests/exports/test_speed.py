"""Forms take turns, so that a busy machine slows all alike; ratios are within a round."""

from __future__ import annotations

from lexfit.exports.speed import machine, speeds, take_turns


def test_in_each_round_every_task_runs_once_and_the_first_round_is_not_timed() -> None:
    calls: list[str] = []
    seconds = take_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3)
    assert calls == ["a", "b"] * 4
    assert {name: len(own) for name, own in seconds.items()} == {"a": 3, "b": 3}


def test_ratios_are_within_a_round_and_the_median_counts() -> None:
    found = speeds({"torch": [1.0, 2.0, 8.0], "int8": [0.5, 1.0, 1.0]}, "torch", 10)
    assert found["torch"] == {"per_second": 5.0, "times": 1.0, "least": 1.0, "most": 1.0}
    assert found["int8"] == {"per_second": 10.0, "times": 2.0, "least": 2.0, "most": 8.0}


def test_the_machine_is_named() -> None:
    assert machine()["processor"]
    assert machine()["cores"] >= 1
