"""Kills, a full disk, removed caches, two runs at once, and a wrong clock."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.faults.case import SHARE
from benchmarks.faults.site import SIZE, remove

if TYPE_CHECKING:
    from benchmarks.faults.case import Case
    from benchmarks.faults.processes import Finished

DAYS = (-4000, -30, -1, 1, 15, 400, 4000)
CLOCKS = "/usr/lib/*/faketime/libfaketimeMT.so.1"


def kill_all(case: Case) -> list[Finished]:
    """SIGKILL to DVC and all that it has started, at any moment."""
    running = case.repro()
    if running.wait(case.moment()):
        running.kill()
    return [running.finish()]


def kill_stage(case: Case) -> list[Finished]:
    """SIGKILL to the stage's process alone, at any moment of its life: what the kernel does where memory is short."""
    running = case.repro()
    process = running.stage_process()
    if process is not None and running.wait(case.moment(SHARE / 2)):
        running.kill_stage(process)
    return [running.finish()]


def fill_disk(case: Case) -> list[Finished]:
    """Leave less room than the stage, its checkpoints and DVC's copy of its outputs take, or just enough."""
    own = sum(f.stat().st_size for f in (case.site.after / case.stage).rglob("*") if f.is_file())
    outs = case.site.reference["bytes"][case.stage]
    spare = case.rng.choice([0, 2**20, 2**20])  # what DVC itself writes before a stage starts
    room = int(case.rng.uniform(0.0, 1.1) * (own + 2 * outs)) + spare
    case.details |= {"room": room, "by": "tmpfs" if case.site.mounted else "prlimit --fsize"}
    if not case.site.mounted:
        return [case.site.run("prlimit", f"--fsize={room}", "dvc", "repro", case.stage)]
    found = os.statvfs(case.site.live)
    case.site.resize(str((found.f_blocks - found.f_bfree) * found.f_frsize + room))
    return [case.repro().finish()]


def free_disk(case: Case, ended: list[Finished]) -> None:
    """Make room."""
    del ended
    case.site.resize(SIZE)


def remove_cache(case: Case) -> list[Finished]:
    """Delete DVC's cache, its temporary files, its state or lexfit's cache: before the run or in the midst of it."""
    site = case.site
    places = {
        "DVC's cache": site.project / ".dvc/cache",
        "DVC's tmp": site.project / ".dvc/tmp",
        "DVC's state": site.state,
        "lexfit's cache": site.cache,
    }
    name = case.rng.choice(sorted(places))
    before = case.rng.random() < 0.5
    case.details |= {"removed": name, "when": "before" if before else "during"}
    if before:
        remove(places[name])
        _commit(case, [stage for stage in site.lock() if stage not in site.behind(case.stage)])
    running = case.repro()
    if not before and running.wait(case.moment()):
        shutil.rmtree(places[name], ignore_errors=True)
    return [running.finish()]


def keep_outputs(case: Case, ended: list[Finished]) -> None:
    """Put outputs back that aren't yet, those behind the stage too where its own is there now."""
    left = case.site.behind(case.stage) if any(end.status != 0 for end in ended) else {case.stage}
    _commit(case, [stage for stage in case.site.lock() if stage not in left])


def _commit(case: Case, stages: list[str]) -> None:
    """Without its cache DVC would make all outputs again, although they are there: so they are put back."""
    if case.details["removed"] == "DVC's cache":
        case.site.run("dvc", "commit", "-q", "-f", *stages)


def run_twice(case: Case) -> list[Finished]:
    """A second `dvc repro` of the stage while the first is at it."""
    first = case.repro()
    first.wait(case.moment())
    second = case.repro()
    return [first.finish(), second.finish()]


def change_clock(case: Case) -> list[Finished]:
    """Another time for all that the run asks, from its start or from some moment on; or for all files there are."""
    days = case.rng.choice(DAYS)
    library = next(iter(Path("/").glob(CLOCKS[1:])), None)
    case.details |= {"days": days, "by": "libfaketime" if library else "file times"}
    if library is None:
        for path in (*case.site.project.rglob("*"), *case.site.cache.rglob("*")):
            time = path.lstat().st_mtime + days * 86400
            os.utime(path, (time, time), follow_symlinks=False)
        return [case.repro().finish()]
    clock = case.site.folder / "clock"
    middle = case.rng.random() < 0.5
    clock.write_text("+0d" if middle else f"{days:+d}d", encoding="utf-8")
    running = case.repro(
        {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
    )
    if middle and running.wait(case.moment()):
        clock.write_text(f"{days:+d}d", encoding="utf-8")
    return [running.finish()]
