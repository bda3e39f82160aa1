"""The card's commit is the last one that touched the pipeline's inputs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lexfit.publishing.provenance import commit_of_inputs, dvc_hashes


def git(*arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def test_commits_of_outputs_do_not_count_and_changes_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert commit_of_inputs() == "not a git checkout"
    git("init", "-q")
    Path("params.yaml").write_text("seed: 1\n")
    git("add", "-A")
    git("commit", "-qm", "inputs")
    commit = git("rev-parse", "HEAD")
    Path("dvc.lock").write_text("schema: '2.0'\n")
    git("add", "-A")
    git("commit", "-qm", "outputs")
    assert commit_of_inputs() == commit
    Path("params.yaml").write_text("seed: 2\n")
    assert commit_of_inputs() == f"{commit}, with uncommitted changes to params.yaml"


def test_hashes_are_read_from_dvc_lock(tmp_path: Path) -> None:
    lock = tmp_path / "dvc.lock"
    lock.write_text(
        "schema: '2.0'\nstages:\n  raw:\n    outs:\n    - {path: data/raw, md5: abc.dir}\n"
        "  figures:\n    outs:\n    - {path: reports/figures, md5: x}\n"
    )
    assert dvc_hashes(lock) == {"data/raw": "abc.dir"}
    assert dvc_hashes(tmp_path / "absent") == {}
