"""The one error that a user can mend: it says where, what and how."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# How libraries that don't raise an OSError say it: safetensors and tokenizers, SQLite, and torch (whose writer says no
# more than that it failed, and then, at its end, that it isn't where it should be).
PHRASES = (os.strerror(errno.ENOSPC), "database or disk is full", "PytorchStreamWriter failed", "unexpected pos ")


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


def is_full_disk(error: BaseException) -> bool:
    """Whether an error is that of a full disk or quota."""
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    return not isinstance(error, LexfitError) and any(phrase in str(error) for phrase in PHRASES)


@contextmanager
def explained_disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or quota into a `LexfitError` that names the file being written."""
    try:
        yield
    except Exception as error:
        if not is_full_disk(error):
            raise
        raise LexfitError(
            str(path),
            f"could not be written ({os.strerror(errno.ENOSPC)})",
            "Free some space; earlier outputs are untouched and the next `dvc repro` goes on from them",
        ) from error


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
