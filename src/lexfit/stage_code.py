"""Which code makes a stage's outputs: one small file of hashes a stage, on which the stage depends in dvc.yaml.

DVC reads every dependency of every stage for each command; one file each in place of some fifty paths takes about a
third off a `dvc repro` with nothing to do (reports/LOG.md, 2026-12-01), and follows the imports by itself.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from lexfit.errors import LexfitError
from lexfit.imports import SOURCE, closure
from lexfit.io import read_text

CODE = Path("data/code")
REMEDY = "Run `dvc repro` again: it starts with stage code and runs what the change asks for"
# What only reads files, reports errors and writes files changes no result.
PLUMBING = frozenset(
    f"lexfit/{name}.py"
    for name in (
        "cache",
        "config",
        "config_data",
        "config_evaluation",
        "config_second_stage",
        "config_training",
        "corpus/sources/options",
        "energy",
        "errors",
        "gguf_header",
        "imports",
        "integrity",
        "io",
        "jsonl",
        "launch",
        "model_checks",
        "processor",
        "rows",
        "rules",
        "rules_second_stage",
        "rules_training",
        "selection/texts",
        "stage_code",
        "stages/common",
        "typed",
        "yaml_files",
    )
)


def code_of(stage: str) -> str:
    """Hash and path of each module that a stage runs and that can change its outputs, as `sha256sum` writes them.

    Args:
        stage: The name in dvc.yaml, without what stands after `@`.

    Returns:
        Lines sorted by path, which is relative to the folder of the package.
    """
    modules = sorted((file.relative_to(SOURCE).as_posix(), file) for file in closure(f"lexfit.stages.{stage}"))
    kept = [(name, file) for name, file in modules if name not in PLUMBING and not _is_empty_package(file)]
    return "".join(f"{_sha256(file)}  {name}\n" for name, file in kept)


def check_code(stage: str) -> None:
    """Raise `LexfitError` if a module is other than stage `code` found it: dvc.lock would name what didn't run.

    Args:
        stage: As DVC names it, such as `crossval@0`.
    """
    for line in read_text(CODE / f"{stage.partition('@')[0]}.sha256").splitlines():
        found, _, name = line.partition("  ")
        file = SOURCE / name
        if not file.is_file() or _sha256(file) != found:
            raise LexfitError(str(file.relative_to(SOURCE.parent)), "has changed since stage code ran", REMEDY)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_empty_package(file: Path) -> bool:
    return file.name == "__init__.py" and len(file.read_text(encoding="utf-8").splitlines()) < 3
