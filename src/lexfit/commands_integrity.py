"""What the command of `lexfit` around damaged files does; heavy imports are inside."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def run_verify(arguments: argparse.Namespace) -> None:
    """Hash outputs and DVC's cache, read DVC's list of running commands, and name what is damaged, or delete it.

    What is deleted is made or fetched again.
    """
    from pathlib import Path

    from dvc.repo import Repo

    from lexfit.errors import LexfitError
    from lexfit.integrity import REMEDY, cut_command_list, damaged_objects, damaged_outputs

    with Repo() as repo:
        cache, temporary = Path(repo.cache.local.path), Path(repo.tmp_dir or ".dvc/tmp")
    found = [*damaged_outputs(), *damaged_objects(cache), *cut_command_list(temporary)]
    if not found:
        print("Outputs and DVC's cache are as stages wrote them.")
        return
    names = ", ".join(_shown(path) for path in found)
    if not arguments.delete:
        raise LexfitError(names, "damaged" if len(found) == 1 else f"{len(found)} are damaged", REMEDY)
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    print(f"Deleted {names}. Run `dvc repro` (or `dvc pull`).")


def _shown(path: Path) -> str:
    from pathlib import Path

    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else str(path)
