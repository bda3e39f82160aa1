"""Items are computed by one thread each, in order, and torch has its threads back."""

from __future__ import annotations

import threading

import pytest
import torch

from lexfit.training.side_by_side import side_by_side


@pytest.fixture(autouse=True)
def _two_threads() -> object:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_items() -> None:
    assert side_by_side(lambda number: number * 2, range(100)) == [number * 2 for number in range(100)]
    assert side_by_side(len, []) == []


def test_two_at_once_with_one_thread_each_and_then_as_before() -> None:
    meeting = threading.Barrier(2, timeout=30)  # passed only if two items are computed at once

    def threads(_: int) -> int:
        meeting.wait()
        return torch.get_num_threads()

    assert side_by_side(threads, range(2)) == [1, 1]
    assert torch.get_num_threads() == 2
    seen: list[int] = []
    later = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert seen == [2]


def test_an_error_is_raised_and_threads_are_as_before() -> None:
    def fail(number: int) -> None:
        raise ValueError(f"item {number}")

    with pytest.raises(ValueError, match="item 0"):
        side_by_side(fail, range(3))
    assert torch.get_num_threads() == 2
