"""A folder that appears whole or not at all, anywhere on the disk."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError, explained_disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def whole_folder(target: Path, marker: str) -> Iterator[Path]:
    """An empty folder beside `target` that takes its place when the block ends well.

    Until then an earlier one stays whole. A folder with files in it is replaced only if it holds `marker`, the name of
    a file that the block writes: nobody loses a folder by a mistyped path.

    Raises:
        LexfitError: `target` is a file, or a folder of something else.
    """
    target = target.absolute()
    partial, former = (target.with_name(f".{target.name}.{kind}") for kind in ("partial", "former"))
    if former.exists() and not target.exists():
        former.rename(target)
    if target.exists() and not (target / marker).is_file() and (target.is_file() or any(target.iterdir())):
        raise LexfitError(
            target.name, f"exists and holds no {marker}, so it isn't replaced", "Name another folder, or empty this one"
        )
    shutil.rmtree(partial, ignore_errors=True)
    with explained_disk_errors(target):
        partial.mkdir(parents=True)
        try:
            yield partial
            if target.exists():
                target.rename(former)
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            if target.exists():
                shutil.rmtree(former, ignore_errors=True)
