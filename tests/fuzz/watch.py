"""What a piece of code does to the machine, by Python's audit events: files written, programs and code run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
MOVING = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate"}
RUNNING = {
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess.Popen",
    "pickle.find_class",
    "socket.connect",
}
_deeds: list[list[tuple[str, str]]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _deeds:
        return
    if event in RUNNING:
        _deeds[-1].append((event, repr(arguments[:2])))
    elif event in MOVING or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
        for name in arguments[: 2 if event in {"os.rename", "os.link", "os.symlink"} else 1]:
            if isinstance(name, str | bytes | os.PathLike):
                _deeds[-1].append((event, str(Path(os.fsdecode(name)).absolute())))


sys.addaudithook(_hook)


@contextmanager
def watched(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """A list that fills with what is done outside of a folder in the block, in this thread or another."""
    deeds: list[tuple[str, str]] = []
    _deeds.append(deeds)
    try:
        yield deeds
    finally:
        _deeds.remove(deeds)
        inside = str(folder.absolute()) + os.sep
        deeds[:] = [(what, how) for what, how in deeds if not how.startswith(inside) and "__pycache__" not in how]
