"""What a process on a CPU does with memory that it has freed: keep it for the next step, or give it back."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from pathlib import Path
from typing import Any

import psutil

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4  # malloc.h
RETURN_MEMORY = "LEXFIT_RETURN_MEMORY"
CGROUP = Path("/sys/fs/cgroup/memory.max")
RETURNED = 2**16  # bytes: keys and values of one text, LoRA's activations
MUCH = 0.5  # of the machine's memory


def _glibc() -> Any:
    return ctypes.CDLL("libc.so.6") if sys.platform == "linux" and platform.libc_ver()[0] == "glibc" else None


def keep_freed_memory() -> None:
    """Let glibc reuse large freed blocks instead of returning each to the system.

    Every activation is such a block: paging them in anew took half of a training step's time on two cores. What is
    kept is in pieces, though, which can take twice the memory of the tensors, or, where every step has other shapes,
    more at each step (see `give_back`). With the environment variable `LEXFIT_RETURN_MEMORY` every block of 64 KiB and
    more is one of the system's, and goes back to it.
    """
    if libc := _glibc():
        if os.environ.get(RETURN_MEMORY):
            libc.mallopt(M_MMAP_THRESHOLD, RETURNED)
            libc.mallopt(M_MMAP_MAX, 2**15)  # Linux lets a process have twice as many maps
        else:
            libc.mallopt(M_MMAP_THRESHOLD, 2**30)
            libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def memory_limit() -> int:
    """Bytes that processes here may hold: the machine's, or fewer in a container."""
    total = int(psutil.virtual_memory().total)
    limit = CGROUP.read_text(encoding="ascii").strip() if CGROUP.exists() else "max"
    return min(total, int(limit)) if limit.isdigit() else total


def give_back(limit: int | None = None) -> bool:
    """Return what is freed to the system, if this process holds more than `limit` bytes; whether it did.

    Args:
        limit: By default half of what may be held.
    """
    held = int(psutil.Process().memory_info().rss)
    if held <= (MUCH * memory_limit() if limit is None else limit):
        return False
    if libc := _glibc():
        libc.malloc_trim(0)
    return True
