"""The one error that a user can mend: it says where, what and how."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from safetensors import SafetensorError

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
    except (OSError, SafetensorError) as error:
        full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        if full or os.strerror(errno.ENOSPC) in str(error):
            raise LexfitError(
                str(path),
                f"could not be written ({os.strerror(errno.ENOSPC)})",
                "Free some space; earlier outputs are untouched and the next `dvc repro` goes on from them",
            ) from error
        raise
