"""Files that are cut or have a byte changed, and a push that is broken off."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

from benchmarks.faults.site import remove

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

    from benchmarks.faults.case import Case
    from benchmarks.faults.processes import Finished
    from benchmarks.faults.site import Site

TRAININGS = ("checkpoint-", "snapshot-")


def damage(path: Path, rng: Random, *, keep_time: bool) -> str:
    """Cut a file somewhere, or change a bit of one byte; gives what was done.

    Args:
        path: With at least one byte.
        rng: Where.
        keep_time: The file's time stays, as where the disk itself is bad; else it is that of a program's write.
    """
    before, data = path.stat(), bytearray(path.read_bytes())
    place = rng.randrange(len(data))
    cut = rng.random() < 0.5
    if cut:
        data = data[:place]
    else:
        data[place] ^= 1 << rng.randrange(8)
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(before.st_mode & 0o777)
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return f"{'cut at' if cut else 'bit changed at'} {place}"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)


def damage_dvc_cache(case: Case) -> list[Finished]:
    """A file of DVC's cache is damaged, and the stage's input has to come from there."""
    site = case.site
    path, md5 = case.rng.choice(sorted(item for item in case.inputs().items() if site.object(item[1]).exists()))
    chosen = case.rng.choice(sorted(site.objects(md5)))
    keep_time = case.rng.random() < 0.5
    done = damage(site.object(chosen), case.rng, keep_time=keep_time)
    case.details |= {"file": f"{path} in DVC's cache", "done": done, "time kept": keep_time}
    remove(site.project / path)
    holders = site.reference["objects"]
    case.excused = {stage for stage, own in holders.items() if chosen in own}
    return [case.repro().finish()]


def damage_intermediate(case: Case) -> list[Finished]:
    """A file that the stage reads is damaged where it lies."""
    site = case.site
    site.run("dvc", "status", "-q")  # DVC now knows times and sizes of all files
    folders = [site.project / path for path in sorted(case.inputs())]
    chosen = case.rng.choice([file for path in folders for file in ([path] if path.is_file() else _files(path))])
    keep_time = case.rng.random() < 0.5
    done = damage(chosen, case.rng, keep_time=keep_time)
    name = chosen.relative_to(site.project).as_posix()
    case.details |= {"file": name, "done": done, "time kept": keep_time}
    if not any(name.startswith(f"{path}/") for path in case.inputs()):  # a file in no folder: DVC's cache hasn't it
        case.excused = {stage for stage, outs in site.reference["outs"].items() if name in outs}
    return [case.repro().finish()]


def has_inputs(site: Site, stage: str) -> bool:
    """Whether a stage reads what others have written."""
    return bool(site.reference["reads"][stage])


def in_lexfit_cache(of_trainings: bool) -> tuple[Callable[[Case], list[Finished]], Callable[[Site, str], bool]]:
    """Damage to lexfit's cache: to checkpoints and snapshots, or to all else that is kept there."""

    def chosen(folder: Path) -> list[Path]:
        return [f for f in _files(folder) if any(p.startswith(TRAININGS) for p in f.parts) is of_trainings]

    def disturb(case: Case) -> list[Finished]:
        shutil.rmtree(case.site.cache, ignore_errors=True)
        shutil.copytree(case.site.after / case.stage, case.site.cache)
        file = case.rng.choice(chosen(case.site.cache))
        done = damage(file, case.rng, keep_time=True)
        case.details |= {"start": "warm", "file": str(file.relative_to(case.site.cache)), "done": done}
        return [case.repro().finish()]

    def fits(site: Site, stage: str) -> bool:
        return bool(chosen(site.after / stage))

    return disturb, fits


def break_push(case: Case) -> list[Finished]:
    """`dvc push` to a local remote broken off, done again, and pulled into a fresh clone."""
    site, clone = case.site, case.site.live / "clone"
    config = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {site.live / 'store'}\n"
    (site.project / ".dvc/config.local").write_text(config, encoding="utf-8")
    push = site.start("dvc", "push")
    number = case.rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    case.details["signal"] = number.name
    if push.wait(case.moment(1.0)):
        push.kill(number)
    first, second = push.finish(), site.run("dvc", "push")
    cloned = site.run("git", "clone", "-q", str(site.project), str(clone))
    (clone / ".dvc/config.local").write_text(config, encoding="utf-8")
    case.root = clone
    return [first, second, cloned, site.run("dvc", "pull", cwd=clone)]
