"""What a run cost, from the timing log into a file that is committed: it belongs to one machine and one day."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path
from typing import Any

from lexfit.errors import LexfitError, explained_contents
from lexfit.io import read_json, read_text, write_json
from lexfit.jsonl import parse_jsonl
from lexfit.stages.common import MODEL, REPORTS, TIMINGS

COST = REPORTS / "cost.json"
WEIGHTS = MODEL / "sentence_transformer" / "model.safetensors"
# A stage that takes less only says that there was nothing to do.
SHORTEST = 0.1


def weights_hash() -> str:
    """SHA-256 of the trained weights.

    Raises:
        LexfitError: There are none.
    """
    if not WEIGHTS.exists():
        raise LexfitError(str(WEIGHTS), "no such file", "Run the pipeline: `dvc repro`")
    with WEIGHTS.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def machine() -> dict[str, Any]:
    """The kind of machine: processor, cores, memory, and the GPU if one is used."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        name = models[0] if models else name
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"processor": name, "cores": os.cpu_count(), "memory_gib": round(memory, 1)}


def last_costs(lines: list[str]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The last timing of each stage that did something, and the kinds of counters that told its energy.

    Args:
        lines: Of the timing log.

    Returns:
        Seconds, peak memory and joules (None where the machine didn't tell) by stage; `RAPL`, `NVML` or neither.
    """
    costs: dict[str, dict[str, Any]] = {}
    counters: set[str] = set()
    for _, entry in parse_jsonl("\n".join(lines), str(TIMINGS)):
        if entry["seconds"] >= SHORTEST:
            costs[entry["stage"]] = {key: entry.get(key) for key in ("seconds", "peak_mib", "joules")}
            counters |= set(entry.get("energy_from", []))
    return costs, sorted(counters)


def record_cost() -> tuple[bool, Path]:
    """Write reports/cost.json from logs/timings.jsonl, unless it tells of these weights already.

    Returns:
        Whether it was written, and where.

    Raises:
        LexfitError: There is no model or no timing log.
    """
    weights = weights_hash()
    with explained_contents(str(COST), "Delete it; it is written anew"):
        if COST.exists() and read_json(COST)["weights_sha256"] == weights:
            return False, COST
    with explained_contents(str(TIMINGS), "Delete it; each stage that runs adds to it"):
        costs, counters = last_costs(read_text(TIMINGS).splitlines())
        write_json(COST, {"weights_sha256": weights, "machine": machine(), "energy_from": counters, "stages": costs})
    return True, COST
