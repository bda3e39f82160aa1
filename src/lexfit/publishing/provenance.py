"""Where a card's numbers come from: the commit, DVC's hashes, the licences of the inputs."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from lexfit.errors import explained_contents
from lexfit.io import read_text
from lexfit.yaml_files import parse_yaml

INPUTS = ["src", "conf", "data/sources", "dvc.yaml", "params.yaml", "requirements.lock"]
LOCK_CHARACTERS = 2**24  # that dvc.lock may have; a run with every stage takes 120,000
STAGES = ("raw", "clean", "pairs", "audit", "negatives", "model", "retention", "mteb_results", "exports")


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None
    return done.stdout.rstrip()


def commit_of_inputs() -> str:
    """The last commit that touched what the pipeline reads, and whether that has changed since.

    Commits of outputs alone (dvc.lock, reports) don't count, so that committing a run's results leaves
    the card's bytes as they are.
    """
    paths = [path for path in INPUTS if Path(path).exists()]
    commit = _git("log", "-1", "--format=%H", "--", *paths)
    if not commit:
        return "not a git checkout"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", *paths) or ""
    names = sorted(line[3:] for line in changed.splitlines())
    return commit if not names else f"{commit}, with uncommitted changes to {', '.join(names)}"


def dvc_hashes(lock: Path = Path("dvc.lock")) -> dict[str, str]:
    """Hash of each output of the pipeline's main stages, from dvc.lock."""
    if not lock.exists():
        return {}
    remedy = "`git checkout dvc.lock`, or `dvc repro`"
    text = read_text(lock)
    with explained_contents(str(lock), remedy):
        stages: dict[str, Any] = parse_yaml(text, str(lock), remedy, LOCK_CHARACTERS).get("stages", {})
        outs = [out for name in STAGES for out in stages.get(name, {}).get("outs", [])]
        return {out["path"]: out["md5"] for out in outs if "md5" in out}
