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


SHOWN = 200  # characters of a foreign error


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


@contextmanager
def explained_contents(where: str, remedy: str) -> Iterator[None]:
    """Turn a missing key, or a value of another kind than is read, into a `LexfitError` that names the file.

    For files that parse and hold something else: those of another version, of another program, or made to do harm.

    Args:
        where: The file.
        remedy: What to do about it.
    """
    try:
        yield
    except KeyError as error:
        raise LexfitError(where, f"lacks {str(error)[:SHOWN]}", remedy) from error
    except (ArithmeticError, AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        told = " ".join(str(error).split())[:SHOWN].rstrip(".")
        raise LexfitError(where, f"holds something else than is read here ({told})", remedy) from error
