"""What every stage entry shares: params, tidy errors, a timing log, outputs replaced whole."""

from __future__ import annotations

import json
import logging
import os
import resource
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.config import load_params
from lexfit.energy import read_counters, used
from lexfit.errors import LexfitError, explained_disk_errors
from lexfit.integrity import check_inputs
from lexfit.launch import SharedWorkDone, launched_rank, share_stage
from lexfit.processor import check_products
from lexfit.stage_code import CODE, check_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lexfit.config import Params

TIMINGS = Path("logs/timings.jsonl")
PARTIAL = Path("data/.partial")
DATA, REPORTS = Path("data"), Path("reports")
RAW, CLEAN, TRAIN, EVAL = DATA / "raw", DATA / "clean", DATA / "pairs/train", DATA / "pairs/eval"
AUDIT, NEGATIVES, BASELINE, MODEL = DATA / "audit", DATA / "negatives", DATA / "baseline", DATA / "model"
CROSSVAL, CROSSVAL_SUMMARY, RESULTS = DATA / "crossval", DATA / "crossval_summary", DATA / "mteb_results"
SYNTHETIC, ADAPTED, PRETRAINED = DATA / "synthetic", DATA / "adapted", DATA / "pretrained"
EXPORTS, EXPORTS_SPEED = DATA / "exports", REPORTS / "exports_speed.json"
INNER_RUNS, SECOND_STAGE = DATA / "inner_runs", DATA / "second_stage"
NEIGHBOURS, RERANKERS, LISTWISE = DATA / "neighbours", DATA / "rerankers", DATA / "listwise"
TEACHERS, STUDENTS = DATA / "teachers", DATA / "students"
RETENTION_BASE, RETENTION, MTEB_TASKS = DATA / "retention_base", DATA / "retention", DATA / "mteb_tasks"
QUIET = ("httpx", "datasets", "mteb", "sentence_transformers", "transformers", "ftfy", "fontTools", "bitsandbytes")


def run_stage(name: str, stage: Callable[[Params], None]) -> None:
    """Run a stage: load params, report a `LexfitError` in one line with exit status 1, log time and memory.

    Under DVC what the stage reads and its own code are first held against what other stages wrote. Seconds and memory
    go to logs/timings.jsonl, outside DVC's outputs, since they differ from run to run.
    """
    logging.basicConfig(level=logging.INFO, format=f"{name}: %(message)s", stream=sys.stderr)
    for noisy in QUIET:
        logging.getLogger(noisy).setLevel(logging.ERROR)
    start, energy = time.perf_counter(), read_counters()
    try:
        with explained_disk_errors(Path(f"data/ ({name})")):
            params = load_params()
            check_products(name, params)
            share_stage(name, params.runtime.processes)
            if under_dvc := os.environ.get("DVC_STAGE"):
                check_inputs(under_dvc)
                if name != CODE.name:
                    check_code(under_dvc)
            stage(params)
            _log_cost(name, time.perf_counter() - start, used(energy, read_counters()))
    except SharedWorkDone:
        return
    except LexfitError as error:
        sys.stderr.write(f"\nERROR in stage {name}\n  {error}\n\n")
        sys.exit(1)


def _log_cost(name: str, seconds: float, joules: dict[str, float]) -> None:
    TIMINGS.parent.mkdir(exist_ok=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    entry: dict[str, Any] = {"stage": name, "seconds": round(seconds, 2), "peak_mib": peak, "at": int(time.time())}
    if joules:
        entry |= {"joules": round(sum(joules.values()), 1), "energy_from": sorted(joules)}
    with TIMINGS.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(entry) + "\n")
    logging.getLogger(__name__).info("%.1f s, peak memory %d MiB", seconds, peak)


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder that takes the place of `folder` when the block ends well.

    Until then the earlier output stays whole; what a killed run left is removed by the next one. Each process of a
    shared training has its own, and only the first one's block ends well.
    """
    partial = PARTIAL / "-".join([*folder.parts, *([str(rank)] if (rank := launched_rank()) else [])])
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial.rename(folder)


def quiet_progress(show: bool) -> None:
    """Turn the libraries' progress bars off where `runtime.progress` is false; must run before they load."""
    if not show:
        os.environ["TQDM_DISABLE"] = "1"
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
