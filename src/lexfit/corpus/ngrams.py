"""Words of a text and runs of them: what every comparison of texts counts in."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SHINGLE_WORDS = 5


def words(text: str) -> list[str]:
    """Lower-cased word characters, the tokens of every comparison and of BM25."""
    return re.findall(r"\w+", text.lower())


def runs(tokens: list[str], size: int) -> Iterator[str]:
    """Word n-grams in the order of the text; a shorter text is one."""
    return (" ".join(tokens[i : i + size]) for i in range(max(1, len(tokens) - size + 1)))


def shingles(text: str, size: int = SHINGLE_WORDS) -> set[str]:
    """Distinct word n-grams."""
    return set(runs(words(text), size))


def jaccard(first: set[str], second: set[str]) -> float:
    """Size of the intersection over that of the union."""
    return len(first & second) / len(first | second) if first or second else 1.0


def digest(tokens: list[str]) -> bytes:
    """16 bytes that stand for the words of a text."""
    return hashlib.blake2b(" ".join(tokens).encode(), digest_size=16).digest()
