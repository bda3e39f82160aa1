"""The undisturbed run: what every round must end in, and how long each stage takes."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import date
from typing import TYPE_CHECKING, Any

from tests.conftest import REPO

from benchmarks.aila import machine
from benchmarks.faults.case import shares
from benchmarks.faults.project import make_project
from benchmarks.faults.site import copy, remove

if TYPE_CHECKING:
    from benchmarks.faults.processes import Finished
    from benchmarks.faults.site import Site

PLANNED = re.compile(r"^Running stage '([^']+)'", re.MULTILINE)
ABSENT = "No such file or directory"


def prepare(site: Site) -> None:
    """Run every stage alone, from an empty cache of lexfit's, and keep the project and what each left in that cache."""
    site.mounted  # noqa: B018  (mounts)
    for path in (site.project, site.cache, site.state, site.after):
        remove(path)
    make_project(site.project, site.folder / "models", {})
    site.state.mkdir()
    seconds = {}
    waiting = _well(site.run("dvc", "stage", "list", "--name-only")).said.split()
    while waiting:
        stage = waiting.pop(0)
        remove(site.cache)
        done = site.run("dvc", "repro", "-s", stage)
        if done.status and ABSENT in done.said and waiting:  # it reads what a later one in dvc.yaml writes
            waiting.append(stage)
            continue
        seconds[stage] = _well(done).seconds
        if site.cache.exists():
            copy(site.cache, site.after / stage)
    if ran := PLANNED.findall(_well(site.run("dvc", "repro")).said):
        raise SystemExit(f"The undisturbed run isn't stable: {', '.join(ran)} would run again")
    for command in (["add", "-A"], ["commit", "-qm", "undisturbed run"]):
        _well(site.run("git", *command))
    copy(site.project, site.pristine)
    _well(site.run("dvc", "remote", "add", "--local", "-d", "store", str(site.live / "first_store")))
    push = _well(site.run("dvc", "push")).seconds
    site.reference_file.write_text(json.dumps({**_facts(site), "seconds": seconds, "push": push}, indent=1))


def _facts(site: Site) -> dict[str, Any]:
    """Hashes of all files, and from dvc.lock who reads, writes and shares what."""
    stages = site.lock()
    outs = {out["path"]: name for name, stage in stages.items() for out in stage["outs"]}
    reads = {
        name: sorted({maker for dep in stage["deps"] for path, maker in outs.items() if shares(path, dep["path"])})
        for name, stage in stages.items()
    }
    return {
        "hashes": site.hashes(),
        "deps": {name: [{"path": dep["path"]} for dep in stage["deps"]] for name, stage in stages.items()},
        "reads": reads,
        "bytes": {name: sum(out.get("size", 0) for out in stage["outs"]) for name, stage in stages.items()},
        "objects": {
            name: sorted({md5 for out in stage["outs"] for md5 in site.objects(out["md5"])})
            for name, stage in stages.items()
        },
        "outs": {name: [out["path"] for out in stage["outs"]] for name, stage in stages.items()},
        "commit": subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=REPO, capture_output=True, text=True, check=True
        ).stdout.strip(),
        "date": date.today().isoformat(),
        "machine": machine(),
    }


def _well(done: Finished) -> Finished:
    if done.status:
        raise SystemExit(f"The undisturbed run failed:\n{done.said[-4000:]}")
    return done
