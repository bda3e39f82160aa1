"""A scratch copy of the project with its own git and DVC, in which stages really run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lexfit.compose import compose
from tests.conftest import REPO

COPIED = [
    "src",
    "conf",
    "dvc.yaml",
    ".dvc/config",
    ".dvc/plots",
    ".dvcignore",
    "pyproject.toml",
    ".gitignore",
    "reports/LOG.md",
    "reports/comparisons",
    "reports/cost.json",
]


@dataclass
class Workspace:
    """Runs commands in a scratch project; `env` is added to the environment."""

    root: Path
    env: dict[str, str]

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command with the project's Python first on the path."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        identity = {
            "GIT_AUTHOR_NAME": "t",
            "GIT_AUTHOR_EMAIL": "t@example.org",
            "GIT_COMMITTER_NAME": "t",
            "GIT_COMMITTER_EMAIL": "t@example.org",
        }
        environment = {**os.environ, "PATH": path, "HF_HUB_OFFLINE": "1", **identity, **self.env}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} failed\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done

    def repro(self, *arguments: str, check: bool = True) -> tuple[set[str], str]:
        """`dvc repro`: the stages that ran, and all output."""
        done = self.run("dvc", "repro", *arguments, check=check)
        ran = {line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage")}
        return ran, done.stdout + done.stderr

    def compose(self, *overrides: str) -> None:
        """Write params.yaml for overrides."""
        (self.root / "params.yaml").write_text(compose(["runtime.progress=false", *overrides], self.root / "conf"))

    def commit(self, message: str = "commit") -> None:
        """Commit everything that git tracks or doesn't ignore."""
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", message)


def make_workspace(root: Path, overrides: list[str], env: dict[str, str] | None = None) -> Workspace:
    """Copy the project to `root`, compose params and commit."""
    for name in COPIED:
        source, target = REPO / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copyfile(source, target)
    shutil.copytree(REPO / "data/sources", root / "data/sources")
    shutil.copyfile(REPO / "data/.gitignore", root / "data/.gitignore")
    workspace = Workspace(root, env or {})
    workspace.run("git", "init", "-q", "-b", "main")
    workspace.compose(*overrides)
    workspace.commit("start")
    return workspace
