"""Set-up says in one sentence what it lacks; make help lists the commands."""

from __future__ import annotations

import shutil
import subprocess
from importlib import metadata, util
from pathlib import Path

import pytest
from packaging.requirements import Requirement

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
    for command in ("run", "demo", "test", "setup", "lint"):
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


def pins(name: str) -> dict[str, str]:
    """Versions by normalised name, of a lock file whose every line is an exact pin."""
    lines = [ln for ln in (REPO / name).read_text().splitlines() if ln and not ln.startswith(("#", "-c "))]
    assert all("==" in line for line in lines)
    found = {line.split("==")[0].lower().replace("_", "-"): line.split("==")[1] for line in lines}
    assert len(found) == len(lines)
    return found


def test_lock_is_fully_pinned() -> None:
    assert len(pins("requirements.lock")) > 100


@pytest.mark.parametrize("use", ["browser", "demo", "docs", "exports", "remotes", "sweep", "tracking"])
def test_a_further_lock_adds_to_the_first_and_pins_nothing_twice(use: str) -> None:
    name = f"requirements-{use}.lock"
    assert "\n-c requirements.lock\n" in (REPO / name).read_text()
    assert pins(name).keys().isdisjoint(pins("requirements.lock"))


def test_the_demos_packages_accept_what_is_locked() -> None:
    if util.find_spec("gradio") is None:
        pytest.skip("gradio absent: pip install -r requirements-demo.lock")
    locked = pins("requirements.lock") | pins("requirements-demo.lock")
    for name in pins("requirements-demo.lock"):
        assert metadata.version(name) == locked[name]
        for needed in map(Requirement, metadata.requires(name) or []):
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert needed.specifier.contains(locked[needed.name.lower().replace("_", "-")]), (name, needed)


def test_the_demo_is_installed_once_and_served_offline(bare: Path) -> None:
    shutil.copyfile(REPO / "requirements-demo.lock", bare / "requirements-demo.lock")
    steps = make(bare, "-n", "demo", "ARGS=--port 7861").stdout
    assert "pip install --quiet --disable-pip-version-check  -r requirements-demo.lock" in steps
    assert "HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 lexfit demo --port 7861" in steps
    (bare / ".venv").mkdir()
    for stamp in (".installed", ".demo"):
        (bare / ".venv" / stamp).touch()
    assert "pip install" not in make(bare, "-n", "demo").stdout


def test_the_user_guides_packages_are_installed_once(bare: Path) -> None:
    shutil.copyfile(REPO / "requirements-docs.lock", bare / "requirements-docs.lock")
    steps = make(bare, "-n", "docs").stdout
    assert "pip install --quiet --disable-pip-version-check  -r requirements-docs.lock" in steps
    assert "mkdocs build --strict" in steps
    (bare / ".venv").mkdir()
    for stamp in (".installed", ".docs"):
        (bare / ".venv" / stamp).touch()
    steps = make(bare, "-n", "docs").stdout
    assert "pip install" not in steps
    assert "mkdocs build --strict" in steps
