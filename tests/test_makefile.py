"""Set-up says in one sentence what it lacks; make help lists the commands."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPO


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copyfile(REPO / name, tmp_path / name)
    return tmp_path


def fake_python(folder: Path, body: str) -> Path:
    """A command that answers as a Python of that kind would."""
    path = folder / "fake-python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_help_lists_commands() -> None:
    out = make(REPO, "help").stdout
    for command in ("run", "test", "setup", "lint"):
        assert f"make {command}" in out


def test_an_absent_python_is_one_sentence(bare: Path) -> None:
    done = make(bare, "setup", "PYTHON=python9.9")
    assert done.returncode != 0
    assert "lexfit needs Python 3.11, 3.12 or 3.13; there is no python9.9 here" in done.stderr
    assert not (bare / ".venv").exists()


def test_a_wrong_version_is_one_sentence(bare: Path) -> None:
    fake = fake_python(bare, 'case "$1" in -V) echo "Python 3.9.1";; *) exit 1;; esac')
    done = make(bare, "setup", f"PYTHON={fake}")
    assert f"lexfit needs Python 3.11, 3.12 or 3.13; {fake} is Python 3.9.1" in done.stderr
    assert not (bare / ".venv").exists()


def test_a_missing_venv_module_is_one_sentence(bare: Path) -> None:
    fake = fake_python(bare, 'case "$2" in *ensurepip*) exit 1;; *) exit 0;; esac')
    done = make(bare, "setup", f"PYTHON={fake}")
    assert "This Python has no venv module; install it (Debian: apt-get install python3-venv)" in done.stderr
    assert not (bare / ".venv").exists()


def test_lock_is_fully_pinned() -> None:
    lines = [ln for ln in (REPO / "requirements.lock").read_text().splitlines() if ln and not ln.startswith("#")]
    assert all("==" in line for line in lines)
    assert len({line.split("==")[0].lower().replace("_", "-") for line in lines}) == len(lines)
