"""Each recipe of runs/ really runs, with programs in the place of its own that only note how they were called."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPO
from tests.docs.kinds import check_composed, check_make, check_recipe, parse

RECIPES = sorted((REPO / "runs").glob("*.sh"))
ARGUMENTS = {"fetch_gemma3.sh": ["accept"], "review_report.sh": ["main"], "rented.sh": ["runs/fire2019.sh"]}
NOTE = """#!/usr/bin/env bash
{ printf '%s\\0' "${0##*/}" "$@"; printf '\\36\\0'; } >> "$CALLS"
"""
TOOLS = ["bash", "cat", "dirname", "env", "grep", "mkdir", "mktemp", "rm", "sed", "sleep"]


def calls_of(recipe: Path, folder: Path, *arguments: str) -> list[list[str]]:
    """How a recipe calls make, dvc, lexfit and python; other programs than `TOOLS` it can't find."""
    for place in (folder / "tools", folder / ".venv/bin"):
        place.mkdir(parents=True)
    for name in TOOLS:
        found = shutil.which(name)
        assert found
        (folder / "tools" / name).symlink_to(found)
    for path in [folder / "tools/make", *(folder / ".venv/bin" / name for name in ("dvc", "lexfit", "python"))]:
        path.write_text(NOTE)
        path.chmod(0o755)
    shutil.copytree(REPO / "runs", folder / "runs")
    log = folder / "calls"
    environment = {"PATH": str(folder / "tools"), "CALLS": str(log), "SEEDS": "42", "TMPDIR": str(folder)}
    environment |= {"LEXFIT_REMOTE": "s3://bucket/lexfit"}
    command = [f"runs/{recipe.name}", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [call.split("\0")[:-1] for call in log.read_text().split("\36\0")[:-1]]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_what_a_recipe_calls_would_work(recipe: Path, tmp_path: Path) -> None:
    check_recipe(f"runs/{recipe.name}")
    calls = calls_of(recipe, tmp_path, *ARGUMENTS.get(recipe.name, []))
    assert calls
    for program, *arguments in calls:
        if program == "make":
            check_make(arguments)
        elif program == "dvc" and arguments[:2] == ["exp", "run"]:
            check_composed(arguments)
        elif program != "python":
            parse(program, arguments)


def test_a_recipe_hands_on_further_overrides(tmp_path: Path) -> None:
    calls = calls_of(REPO / "runs/fire2019.sh", tmp_path, "-S", "seed=7")
    (run,) = [call for call in calls if call[:3] == ["dvc", "exp", "run"]]
    assert run[-2:] == ["-S", "seed=7"]
