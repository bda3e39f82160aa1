"""Every command of the documentation is of one of these kinds; what is of none fails its test."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lexfit.__main__ import make_parser
from lexfit.compose import compose
from lexfit.config import parse_params
from lexfit.errors import LexfitError
from tests.conftest import REPO

# What isn't run, and why. Each is still parsed by its own program.
ESTIMATE = "lexfit estimate -S model=qwen3-embedding-4b -S hardware=rtx5090 -S adapter=lora"
ESTIMATE += " -S 'adapter.target_modules=[all-linear]' --price 0.5"
DECLARED = {
    ESTIMATE: "takes half a minute; tests/estimate/test_page.py computes it",
    "lexfit second-stage-cost": "times trained rerankers and language models for minutes",
    "lexfit publish --repo org/name --tag v1.0": "needs a Hub; tests/publishing/test_publish.py has one on localhost",
    "lexfit space --out space": "needs Gradio; tests/demo/test_space.py writes one",
    "sky launch runs/skypilot.yaml --env LEXFIT_REMOTE=s3://bucket/lexfit --secret AWS_ACCESS_KEY_ID"
    " --secret AWS_SECRET_ACCESS_KEY": "rents a machine; tests/test_recipes.py has SkyPilot read the file",
    "sbatch --export=ALL,RECIPE=runs/h100.sh runs/slurm.sbatch": "needs Slurm; see tests/test_recipes.py",
    "dvc queue start": "trains",
    "dvc queue start --jobs 1": "trains",
}
# The first that a command begins as; `run` are really run, in a finished small project.
KINDS = {
    "make": r"make",
    "recipe": r"runs/\w+\.sh",
    "composed": r"dvc exp run",
    "dry": r"dvc repro",
    "run": r"dvc (metrics (show|diff)|exp (show|apply|remove)|plots diff|queue status|status|checkout)"
    r"|lexfit (summary|compose|licences|estimate|search|compare|table|second-stage|submission|publish)"
    r"|export|git|head",
}
OPERATORS = {"|", "||", "&&", ";", ">", ">>", "<"}


def words(command: str) -> list[str]:
    """A command's words, without variables that are set in front of it."""
    found = shlex.split(command)
    while found and re.match(r"[A-Z_]+=", found[0]):
        found.pop(0)
    return found


def kind(command: str) -> str:
    """The kind of a command.

    Raises:
        AssertionError: It is of none.
    """
    if command in DECLARED:
        return "declared"
    found = words(command)
    assert not OPERATORS & set(found), f"{command}: write one command a line"
    for name, pattern in KINDS.items():
        if re.match(rf"(?:{pattern})(?: |$)", " ".join(found)):
            return name
    raise AssertionError(f"{command}: of no kind that tests/docs/kinds.py knows; add it to a kind, or declare it")


@cache
def dvc_parser() -> argparse.ArgumentParser:
    from dvc.cli.parser import get_main_parser

    parser: argparse.ArgumentParser = get_main_parser()
    return parser


@cache
def lexfit_parser() -> argparse.ArgumentParser:
    return make_parser()


@cache
def composed_error(overrides: tuple[str, ...]) -> str | None:
    """Compose conf/ under overrides and check the result; what lexfit says against it, or None."""
    try:
        parse_params(yaml.safe_load(compose(list(overrides), REPO / "conf")))
    except LexfitError as error:
        return str(error)
    return None


def grids(changes: list[str], *, queued: bool) -> list[tuple[str, ...]]:
    """The overrides of each member of a sweep, by DVC's own reading; of one alone where there is no sweep."""
    from dvc.utils.cli_parse import to_path_overrides
    from dvc.utils.hydra import get_hydra_sweeps, to_hydra_overrides

    by_file = to_path_overrides(changes)
    assert set(by_file) <= {"params.yaml"}
    own = by_file.get("params.yaml", [])
    if not any(override.is_sweep_override() for override in to_hydra_overrides(own)):
        return [tuple(own)]
    assert queued, "a sweep needs --queue"
    return [tuple(member["params.yaml"]) for member in get_hydra_sweeps(by_file)]


def parse(program: str, arguments: list[str]) -> Any:
    """Arguments as lexfit or DVC reads them; wrong ones fail, and overrides that lexfit would compose."""
    if program == "lexfit":
        parsed = lexfit_parser().parse_args(arguments)
        for overrides in grids(getattr(parsed, "set_param", []), queued=False):
            assert composed_error(overrides) is None
        return parsed
    return dvc_parser().parse_args(arguments)


def stages() -> set[str]:
    """Names of the pipeline's stages."""
    return set(yaml.safe_load((REPO / "dvc.yaml").read_text())["stages"])


def check_composed(arguments: list[str], error: str | None = None) -> None:
    """Check a `dvc exp run`: DVC parses it, its stages are there, and conf/ composes, or ends in the error shown.

    Args:
        arguments: Behind `dvc`.
        error: What lexfit says against the params that it gives; None where they are right.
    """
    parsed = parse("dvc", arguments)
    assert {target.partition("@")[0] for target in parsed.targets} <= stages()
    for overrides in grids(parsed.set_param, queued=parsed.queue):
        found = composed_error(overrides)
        assert found == error, f"{overrides}: {found}"


def check_make(arguments: list[str]) -> None:
    """Check that make knows what it would do."""
    done = subprocess.run(["make", "-n", *arguments], cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def check_recipe(program: str) -> None:
    """Check that a recipe is there, may be run and is a script; tests/docs/test_recipes.py runs it."""
    path = Path(REPO, program)
    assert path.stat().st_mode & 0o111, f"{program} can't be executed"
    subprocess.run(["bash", "-n", str(path)], check=True)
