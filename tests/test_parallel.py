"""Results come in the order of the items, whatever the number of processes; what fails in one fails the call."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lexfit.parallel import in_processes


def squares(numbers: Sequence[int]) -> list[int]:
    if -1 in numbers:
        raise ValueError("negative")
    return [number * number for number in numbers]


@pytest.mark.parametrize("processes", [None, 1, 2, 3, 9])
def test_as_one_call_would_give(processes: int | None) -> None:
    for count in (0, 1, 7, 10):
        assert in_processes(squares, range(count), processes) == squares(range(count))


def test_many_items_are_shared_out_by_default() -> None:
    assert in_processes(squares, range(3000)) == squares(range(3000))


def test_what_fails_in_a_process_fails_here() -> None:
    with pytest.raises(ValueError, match="negative"):
        in_processes(squares, [1, 2, -1, 4], 2)
