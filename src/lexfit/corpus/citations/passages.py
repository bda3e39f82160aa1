"""A judgment's year, and passages from where it tells the facts."""

from __future__ import annotations

import re
from itertools import islice

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DATE = re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:{MONTHS}),?\s+(1[89]\d\d|20\d\d)\b")
HEAD = 1000
DELIVERED = re.compile(
    r"^.*\b(?:[Jj]udgments?|[Oo]rder|JUDGMENT|ORDER)\b.{0,40}\b(?:delivered|DELIVERED)\b.*$|^\s*(?:JUDGMENT|ORDER)\s*:?\s*$",
    re.MULTILINE,
)
PARAGRAPH_NUMBER = re.compile(r"^\s*\d{1,3}\s*\.\s*", re.MULTILINE)
SHORTEST = 40


def year_of(text: str) -> int | None:
    """The year a judgment was given: that of the first date in its head."""
    match = DATE.search(text[:HEAD])
    return int(match[1]) if match else None


def body_of(text: str) -> str:
    """A judgment without its head (parties, court, date, judges) and the numbers of its paragraphs."""
    found = [match.end() for match in DELIVERED.finditer(text[: 4 * HEAD])]
    date = DATE.search(text[:HEAD])
    start = found[0] if found else date.end() if date else 0
    return PARAGRAPH_NUMBER.sub("", text[start:]).strip()


def passages(text: str, count: int, words: int) -> list[str]:
    """Up to `count` passages of `words` words from the start of a judgment's body, where the facts are told.

    A last one of fewer than 40 words is left out.

    Args:
        text: The body.
        count: How many at most.
        words: Length of each.
    """
    spans = [match.span() for match in islice(re.finditer(r"\S+", text), count * words)]
    parts = [spans[start : start + words] for start in range(0, len(spans), words)]
    return [text[part[0][0] : part[-1][1]] for part in parts if len(part) >= SHORTEST]
