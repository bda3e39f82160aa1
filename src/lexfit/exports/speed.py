"""How fast each form encodes and each cut is searched, beside the whole model on the same machine at the same time."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from lexfit.exports.cuts import Cut, ranges_of, stored
from lexfit.exports.packages import require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TOP = 10
SEARCHED = 64  # queries at once


def take_turns(tasks: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each task in each round; in a round every task runs once, one after the other.

    So whatever else the machine does slows all of them alike. One round goes before, untimed.
    """
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(repeats + 1):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def speeds(seconds: Mapping[str, Sequence[float]], baseline: str, count: int) -> dict[str, dict[str, float]]:
    """Items a second (median over rounds), and how many times the baseline's speed: median, least and most of a round.

    Args:
        seconds: By task, then by round.
        baseline: The task that the others are compared with.
        count: Items of one task.
    """
    found = {}
    for name, own in seconds.items():
        ratios = [base / mine for base, mine in zip(seconds[baseline], own, strict=True)]
        found[name] = {
            "per_second": round(count / median(own), 1),
            "times": round(median(ratios), 2),
            "least": round(min(ratios), 2),
            "most": round(max(ratios), 2),
        }
    return found


def search_tasks(cuts: Sequence[Cut], vectors: np.ndarray, size: int, threads: int) -> dict[str, Callable[[], object]]:
    """A search among `size` stored vectors by precision and dimensions, queries stored alike, every vector compared.

    Args:
        cuts: What is stored; whether queries are cut as well makes no difference here.
        vectors: Real ones of shape (texts, dimensions), repeated up to `size`.
        size: Of the index.
        threads: Of the search.
    """
    require("search")
    from usearch.index import search  # noqa: PLC0415

    ranges = ranges_of(vectors)
    metrics = {"float32": "cos", "int8": "cos", "binary": "hamming"}
    tasks: dict[str, Callable[[], object]] = {}
    for cut in dict.fromkeys(Cut(cut.dim, cut.precision) for cut in cuts):
        codes = np.resize(stored(vectors, cut, ranges), (size, stored(vectors[:1], cut, ranges).shape[1]))
        codes = np.ascontiguousarray(codes)
        queries = codes[:SEARCHED]
        metric = metrics[cut.precision]

        def task(codes: np.ndarray = codes, queries: np.ndarray = queries, metric: str = metric) -> object:
            return search(codes, queries, TOP, metric, exact=True, threads=threads)

        tasks[cut.name] = task
    return tasks


def machine() -> dict[str, Any]:
    """Processor and load: of a machine with other work to do, absolute speeds say little."""
    info = Path("/proc/cpuinfo")
    names = (
        [ln.partition(":")[2].strip() for ln in info.read_text().splitlines() if ln.startswith("model name")]
        if (info.exists())
        else []
    )
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    return {"processor": names[0] if names else platform.processor(), "cores": os.cpu_count(), "load": load}
