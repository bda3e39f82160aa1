"""Many small computations of torch on a CPU: one thread each, as many at once as torch may use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """What `function` gives for each item, in their order.

    Products of a single text are too small to divide among threads. Each item is computed by one thread, also if
    it is the only one, so that its result is the same bytes whatever else is computed beside it.

    Args:
        function: Runs operations of torch and changes nothing that another call of it reads. Modes that torch keeps
            by thread (gradients, autocasting) are those of a new thread, whatever they are here.
        items: What it is called with.
    """
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(function, items))
    finally:
        torch.set_num_threads(threads)  # torch holds one number for threads to come, beside each thread's own
