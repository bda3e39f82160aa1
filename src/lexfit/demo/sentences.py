"""Sentences of a statute, as spans of its text."""

from __future__ import annotations

import re
from typing import NamedTuple

# A statute's sentence is mostly one of its clauses: it ends with a stop, a colon or a semicolon, or with the line.
END = re.compile(r"[.;:][\"')\]]*(?=\s)|(?=\n)")
SHORTEST = 40


class Span(NamedTuple):
    """From character `start` to before `end`."""

    start: int
    end: int


def sentences(text: str, upto: int | None = None) -> list[Span]:
    """Spans that cover all words of a text in its order; one shorter than 40 characters goes with what follows it.

    Args:
        text: A statute, or a passage of one. A blank one has no sentence.
        upto: Only what begins before this character, and nothing from it on.
    """
    length = len(text) if upto is None else min(upto, len(text))
    ends = [match.end() for match in END.finditer(text, 0, length)] + [length]
    found: list[Span] = []
    start = 0
    for end in ends:
        stripped = text[start:end].strip()
        if len(stripped) < SHORTEST and end != length:
            continue
        if stripped:
            first = start + text[start:end].index(stripped)
            if len(stripped) < SHORTEST and found:
                found[-1] = Span(found[-1].start, first + len(stripped))
            else:
                found.append(Span(first, first + len(stripped)))
        start = end
    return found
