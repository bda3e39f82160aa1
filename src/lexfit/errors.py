"""The one error that a user can mend: it says where, what and how."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class LexfitError(Exception):
    """Bad input, named so that its owner can mend it.

    Args:
        where: File (with line), params key or id at fault.
        problem: What is wrong there.
        remedy: What to do about it.
    """

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        super().__init__(f"{where}: {problem}. {remedy}")
        self.where = where
        self.problem = problem
        self.remedy = remedy


@contextmanager
def explained_disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or quota into a `LexfitError` that names the file being written."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise LexfitError(
                str(path),
                f"could not be written ({error.strerror})",
                "Free some space; earlier outputs are untouched and the next `dvc repro` goes on from them",
            ) from error
        raise
