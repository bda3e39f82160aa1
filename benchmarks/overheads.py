"""What starting costs: the command line, each data stage, a `dvc repro` with nothing to do; in `python -c pass`es.

Continuous integration runs this with `--check`: a ratio above its limit fails. Ratios travel between machines, seconds
don't; the limits are the wanted seconds (help 0.3, a data stage 1, a no-op 2) where `python -c pass` takes 12 ms.
Usage: python -m benchmarks.overheads [--check]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks.aila import REPO, RESULTS, machine
from lexfit.stage_code import CODE

RUNS = 5
PASS = 0.012  # seconds, to turn wanted seconds into ratios
WANTED = {"help": 0.3, "stage": 1.0, "noop": 2.0}
DATA_STAGES = ("synthetic", "raw", "clean", "pairs", "audit", "negatives")


def best(command: list[str], folder: Path) -> float:
    """Seconds of the fastest of a few runs."""
    environment = {**os.environ, "PYTHONPATH": str(REPO / "src"), "DVC_NO_ANALYTICS": "1"}
    found = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        found.append(time.perf_counter() - start)
    return min(found)


def hollow(folder: Path) -> Path:
    """The project with its whole pipeline, whose stages write empty outputs: as many stages, files and params."""
    for name in ("src", "conf", "dvc.yaml", "params.yaml", ".dvc/config", ".dvc/plots", ".dvcignore", "reports"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy: Any = shutil.copytree if (REPO / name).is_dir() else shutil.copyfile
        copy(REPO / name, target)
    shutil.copytree(REPO / "data/sources", folder / "data/sources")
    pipeline = yaml.safe_load((folder / "dvc.yaml").read_text(encoding="utf-8"))
    for stage in pipeline["stages"].values():
        stage.get("do", stage)["cmd"] = "true"
    (folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False), encoding="utf-8")
    from dvc.repo import Repo

    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    with Repo(str(folder)) as repo:
        outputs = {Path(str(out)) for stage in repo.index.stages for out in stage.outs}
    for output in outputs:
        path = folder / output
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch() if path.suffix else path.mkdir()
    for stage in pipeline["stages"]:
        (folder / CODE / f"{stage}.sha256").touch()
    subprocess.run(["dvc", "commit", "--force", "--quiet"], cwd=folder, check=True)
    done = subprocess.run(["dvc", "repro"], cwd=folder, check=True, capture_output=True, text=True)
    if "Running stage" in done.stdout:
        raise SystemExit(f"there was something to do:\n{done.stdout}")
    return folder


def measure(folder: Path) -> dict[str, dict[str, float]]:
    """Seconds, ratio and limit of each."""
    python = sys.executable
    bare = best([python, "-c", "pass"], folder)
    seconds = {"help": best([python, "-m", "lexfit", "--help"], folder)}
    for stage in DATA_STAGES:
        seconds[f"stage {stage}"] = best([python, "-c", f"import lexfit.stages.{stage}"], folder)
    seconds["noop"] = best(["dvc", "repro", "--quiet"], hollow(folder))
    return {
        name: {
            "seconds": round(taken, 3),
            "ratio": round(taken / bare, 1),
            "limit": round(WANTED[name.split()[0]] / PASS),
        }
        for name, taken in seconds.items()
    }


def main() -> None:
    """Measure, print, and write results/overheads.json; with `--check` write nothing, and fail above a limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as scratch:
        found = measure(Path(scratch))
    print(json.dumps(found, indent=2))
    above = [name for name, row in found.items() if row["ratio"] > row["limit"]]
    if check and above:
        raise SystemExit(f"start-up costs more than it may: {', '.join(above)}")
    if not check:
        text = json.dumps({"machine": machine(), "overheads": found}, indent=2) + "\n"
        (RESULTS / "overheads.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
