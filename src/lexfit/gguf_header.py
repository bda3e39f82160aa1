"""The header of a GGUF file, walked before a library trusts its counts.

The `gguf` package reads as many values as the file claims, past its end too: a list of 2**60 numbers keeps it busy for
ever, and fills the memory. Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"GGUF"
REMEDY = "Fetch it again (with all of its parts), or use the original from the Hub with model.gguf_file=null"
SCALARS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes of each type of value
TEXT, LIST = 8, 9
SMALLEST = {TEXT: 8, LIST: 12}  # bytes that a text or a list takes at least: its own length, and a list's type
DEEPEST = 3  # lists in lists
DIMENSIONS = 4
SMALLEST_TENSOR = 24  # bytes of its entry in the header


class _Walk:
    """A place in the file that only moves on, and never past its end."""

    def __init__(self, data: mmap.mmap, order: str) -> None:
        self.data, self.order, self.at = data, order, 0

    def skip(self, count: int) -> None:
        if count > len(self.data) - self.at:
            raise ValueError(f"it claims {count} bytes at byte {self.at}, and ends before")
        self.at += count

    def number(self, kind: str) -> int:
        start = self.at
        self.skip(struct.calcsize(kind))
        (value,) = struct.unpack_from(self.order + kind, self.data, start)
        return int(value)

    def text(self) -> None:
        self.skip(self.number("Q"))

    def value(self, kind: int, depth: int = 0) -> None:
        if kind in SCALARS:
            self.skip(SCALARS[kind])
        elif kind == TEXT:
            self.text()
        elif kind == LIST and depth < DEEPEST:
            inner, count = self.number("I"), self.number("Q")
            if inner in SCALARS:
                self.skip(count * SCALARS[inner])
                return
            if inner not in SMALLEST or count * SMALLEST[inner] > len(self.data) - self.at:
                raise ValueError(f"a list of {count} values of type {inner} at byte {self.at} can't be in it")
            for _ in range(count):
                self.value(inner, depth + 1)
        else:
            raise ValueError(f"a value of type {kind} at byte {self.at} isn't known")

    def tensor(self) -> None:
        self.text()
        dimensions = self.number("I")
        if dimensions > DIMENSIONS:
            raise ValueError(f"a tensor before byte {self.at} has {dimensions} dimensions")
        self.skip(8 * dimensions + 12)


def check_header(file: Path, where: str) -> None:
    """Raise `LexfitError` for a file that isn't GGUF, or whose header claims more than the file holds.

    Args:
        file: To walk.
        where: What to call it in the error.
    """
    if file.stat().st_size < len(MAGIC):
        raise LexfitError(where, "this GGUF file can't be read: it is empty", REMEDY)
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            _walk(data)
        except ValueError as error:
            raise LexfitError(where, f"this GGUF file can't be read: {error}", REMEDY) from error


def _walk(data: mmap.mmap) -> None:
    if data[:4] != MAGIC:
        raise ValueError("it doesn't begin with GGUF")
    order = ">" if int.from_bytes(data[4:8], "little") & 0xFFFF == 0 else "<"  # as the version is a small number
    walk = _Walk(data, order)
    walk.skip(8)
    tensors, pairs = walk.number("Q"), walk.number("Q")
    if tensors * SMALLEST_TENSOR + pairs * SMALLEST[LIST] > len(data):
        raise ValueError(f"it claims {tensors} tensors and {pairs} keys")
    for _ in range(pairs):
        walk.text()
        walk.value(walk.number("I"))
    for _ in range(tensors):
        walk.tensor()
