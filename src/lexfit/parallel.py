"""A function over many items in as many processes as there are cores."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")
ENOUGH = 400  # items, below which starting a process costs more than it saves


def in_processes(
    function: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item], processes: int | None = None
) -> list[Result]:
    """What a function of the top level of a module gives for each item, in their order.

    Args:
        function: Takes some of the items, and gives a result for each that depends on nothing but it.
        items: All of them.
        processes: How many; by default one for each core, as far as each has `ENOUGH` items.
    """
    if processes is None:
        processes = max(1, min(os.cpu_count() or 1, len(items) // ENOUGH))
    if processes == 1:
        return function(items)
    # Started afresh, not forked: a fork of a process that has threads can hang.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        parts = list(pool.map(function, [items[start::processes] for start in range(processes)]))
    found: list[Result] = [parts[number % processes][number // processes] for number in range(len(items))]
    return found
