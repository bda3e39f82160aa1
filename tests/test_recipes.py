"""Recipes for other machines: their own tools read them, and `runs/rented.sh` fetches, runs and sends back."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPO
from tests.stages.workspace import Workspace

SLURM = """ClusterName=test
SlurmctldHost=localhost
SlurmctldPort=1
AuthType=auth/none
GresTypes=gpu
MessageTimeout=2
NodeName=n1 Gres=gpu:8
PartitionName=p Nodes=n1 Default=YES
"""
READ = """
import sys
import sky
task = sky.Task.from_yaml(sys.argv[1])
[resources] = task.resources
print(task.name, task.setup, "|", task.run, "|", resources.accelerators, sorted(task.envs))
"""


def sbatch(script: Path, folder: Path) -> str:
    """What sbatch says of a job; there is no controller, so that a good one fails when it asks it."""
    (folder / "slurm.conf").write_text(SLURM)
    done = subprocess.run(
        ["sbatch", "--test-only", str(script)],
        env={**os.environ, "SLURM_CONF": str(folder / "slurm.conf")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr


@pytest.mark.skipif(shutil.which("sbatch") is None, reason="needs sbatch (Debian: slurm-client)")
def test_slurm_reads_the_batch_script(tmp_path: Path) -> None:
    recipe = REPO / "runs/slurm.sbatch"
    assert "Unable to contact slurm controller" in sbatch(recipe, tmp_path)
    for right, wrong in (("--time=12:00:00", "--time=soon"), ("--gpus-per-node=8", "--gpu-per-node=8")):
        (tmp_path / "wrong.sbatch").write_text(recipe.read_text().replace(right, wrong))
        said = sbatch(tmp_path / "wrong.sbatch", tmp_path)
        assert "Unable to contact" not in said
        assert wrong.partition("=")[0] in said


@pytest.mark.skipif("LEXFIT_SKYPILOT" not in os.environ, reason="LEXFIT_SKYPILOT names no Python that has SkyPilot")
def test_skypilot_reads_the_task(tmp_path: Path) -> None:
    def read(task: Path) -> subprocess.CompletedProcess[str]:
        command = [os.environ["LEXFIT_SKYPILOT"], "-c", READ, str(task)]
        return subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)

    recipe = REPO / "runs/skypilot.yaml"
    done = read(recipe)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == (
        "lexfit make setup | runs/rented.sh \"$RECIPE\" | {'H100': 8} ['LEXFIT_REMOTE', 'RECIPE']"
    )
    (tmp_path / "wrong.yaml").write_text(recipe.read_text().replace("accelerators", "acelerators"))
    assert "did you mean 'accelerators'" in read(tmp_path / "wrong.yaml").stderr


def rented(root: Path) -> Workspace:
    """A project of one stage, with the recipe that runs it."""
    root.mkdir()
    workspace = Workspace(root, {"LEXFIT_REMOTE": str(root.parent / "remote")})
    (root / "runs").mkdir()
    shutil.copy(REPO / "runs/rented.sh", root / "runs/rented.sh")
    (root / "Makefile").write_text("setup:\n\t@true\n")
    (root / "dvc.yaml").write_text(
        "stages:\n  a:\n    cmd: echo ran >> ran.log; cp in.txt out.txt\n    deps: [in.txt]\n    outs: [out.txt]\n"
        "  b:\n    cmd: test ! -e broken && cp out.txt end.txt\n    deps: [out.txt]\n    outs: [end.txt]\n"
    )
    (root / "in.txt").write_text("in\n")
    (root / "runs/recipe.sh").write_text('#!/usr/bin/env bash\nset -e\ndvc repro --quiet "$@"\n')
    (root / "runs/recipe.sh").chmod(0o755)
    (root / ".gitignore").write_text("ran.log\nbroken\n")
    workspace.run("git", "init", "-q", "-b", "main")
    workspace.run("dvc", "init", "-q")
    workspace.commit()
    return workspace


def test_what_one_machine_made_the_next_fetches(tmp_path: Path) -> None:
    first = rented(tmp_path / "first")
    (first.root / "broken").touch()
    failed = first.run("runs/rented.sh", "runs/recipe.sh", check=False)
    assert failed.returncode != 0
    assert (first.root / "ran.log").read_text() == "ran\n"
    second = rented(tmp_path / "second")
    second.run("runs/rented.sh", "runs/recipe.sh")
    assert not (second.root / "ran.log").exists()  # the failed recipe's finished stage was sent
    assert (second.root / "end.txt").read_text() == "in\n"
    assert "rented" not in (second.root / ".dvc/config").read_text()  # the address stays out of git


def test_a_rented_machine_without_remote_or_recipe_stops_at_once(tmp_path: Path) -> None:
    workspace = rented(tmp_path / "first")
    assert "is no recipe" in workspace.run("runs/rented.sh", "runs/none.sh", check=False).stderr
    workspace.env["LEXFIT_REMOTE"] = ""
    assert "LEXFIT_REMOTE" in workspace.run("runs/rented.sh", "runs/recipe.sh", check=False).stderr


@pytest.mark.parametrize("script", sorted((REPO / "runs").iterdir()), ids=lambda path: path.name)
def test_recipes_are_whole(script: Path) -> None:
    if script.suffix == ".yaml":
        return
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert "# Usage: " in script.read_text(), "says how it is called"
