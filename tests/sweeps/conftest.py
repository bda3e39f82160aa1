"""A repository with conf/ alone, and a queue that only pretends: members score as a formula says."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from lexfit.compose import compose
from lexfit.sweeps import dvc_queue, members, space
from lexfit.sweeps.members import Job
from tests.conftest import REPO

QUERIES = 12


@functools.cache
def composed(overrides: tuple[str, ...]) -> str:
    """Params of overrides; composed once in all tests, since it takes a fifth of a second."""
    return compose(list(overrides), REPO / "conf")


def git(*arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    git("init", "-q", "-b", "main")
    (tmp_path / "conf").mkdir()
    for entry in (REPO / "conf").iterdir():
        if entry.name != "experiment":
            (tmp_path / "conf" / entry.name).symlink_to(entry)
    (tmp_path / "conf/experiment").mkdir()
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    git("add", "-A")
    git("commit", "-qm", "start")
    return tmp_path


@dataclass
class Pretended:
    """What was queued, and how a job's params are scored: nDCG@10, or why it fails."""

    quality: Callable[[dict[str, Any]], float | str]
    queued: list[Job] = field(default_factory=list)
    commits: dict[str, str] = field(default_factory=dict)
    params: dict[str, dict[str, Any]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)

    def queue_jobs(self, jobs: Sequence[Job], say: Callable[[str], None]) -> None:
        del say
        for job in jobs:
            if job.name in self.commits:
                continue
            self.queued.append(job)
            params = yaml.safe_load(composed(job.overrides))
            found = self.quality(params)
            if isinstance(found, str):
                self.logs[job.name] = f"\nERROR in stage model\n  {found}\n\n"
                continue
            self.commits[job.name] = f"commit of {job.name}"
            self.params[self.commits[job.name]] = params
            self.logs[job.name] = "crossval@0: 2.5 s, peak memory 9 MiB\ncrossval@1: 3.0 s, peak memory 9 MiB\n"

    def scores(self, kind: str, commit: str, folds: list[int]) -> dict[str, float]:
        """Queries of the folds that were run; each fold has four."""
        del kind
        quality = self.quality(self.params[commit])
        assert not isinstance(quality, str)
        numbers = [q for q in range(QUERIES) if q // 4 in folds]
        return {f"q{q}": round(quality + 0.01 * (q % 4), 6) for q in numbers}


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    """By default the score is best at a learning rate of 1e-4."""
    for module in (members, space):
        monkeypatch.setattr(module, "compose", lambda overrides, conf=None: composed(tuple(overrides)))
    fake = Pretended(lambda params: 0.5 - abs(params["train"]["learning_rate"] - 1e-4) * 1000)
    monkeypatch.setattr(members, "queue_jobs", fake.queue_jobs)
    monkeypatch.setattr(members, "list_experiments", lambda: fake.commits)
    monkeypatch.setattr(members, "scores_by_query", fake.scores)
    monkeypatch.setattr(dvc_queue, "log_of", lambda name: fake.logs.get(name, ""))
    return fake
