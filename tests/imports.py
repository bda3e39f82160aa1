"""Which lexfit modules a module runs, by path in the repository."""

from __future__ import annotations

from lexfit.imports import SOURCE
from lexfit.imports import closure as files_of


def closure(module: str) -> set[str]:
    """Paths, relative to the repository, of all lexfit modules that `module` runs, itself included."""
    return {file.relative_to(SOURCE.parent).as_posix() for file in files_of(module)}
