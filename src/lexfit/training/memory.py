"""Out of memory, said in terms of the params that would help."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Iterator

PHRASES = ("not enough memory", "out of memory", "can't allocate memory", "std::bad_alloc")


def is_memory_error(error: BaseException) -> bool:
    """Whether an error is that of an allocation, on a CPU or a GPU."""
    return isinstance(error, MemoryError) or any(phrase in str(error).lower() for phrase in PHRASES)


@contextmanager
def explained_memory_errors() -> Iterator[None]:
    """Turn an allocation that failed into a `LexfitError` that names the settings to lower."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_memory_error(error):
            raise
        raise LexfitError(
            "training",
            f"memory ran out ({str(error).splitlines()[0][:160] if str(error) else 'no details'})",
            "Lower hardware.chunk and set hardware.gradient_cache=true (same result, memory of one chunk), or lower "
            "train.max_seq_length or batches.size, or use `-S adapter=lora`; then start again: it goes on from the "
            "last checkpoint unless a setting of the result changed",
        ) from error
