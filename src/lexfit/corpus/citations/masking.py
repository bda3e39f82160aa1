"""What gives a cited statute away, taken out of a passage: section numbers, names of Acts, the statute's own title."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lexfit.corpus.citations.acts import MENTION
from lexfit.corpus.citations.resolver import CLAUSES, CUE, JOIN, NUMBER, RANGE

if TYPE_CHECKING:
    from collections.abc import Iterable

LAW = "the law"
# What is left between the law's names once they are gone: "u/s the law read with the law of the law".
REST = re.compile(
    rf"(?:\b{LAW}(?:\s*(?:,|and|or|&|/|read\s+with|r/w|of|of\s+the|under|the|\(\s*\)))*\s*)+\b{LAW}\b", re.IGNORECASE
)
TITLE_WORDS = 2


def _numbers_end(text: str, position: int) -> int:
    """Where the numbers of a citation end that begin at `position`."""
    end = position
    while match := NUMBER.match(text, position):
        clauses = CLAUSES.match(text, match.end())
        end = clauses.end() if clauses else match.end()
        step = RANGE.match(text, end) or JOIN.match(text, end)
        if step is None:
            break
        again = CUE.match(text, step.end())
        position = again.end() if again else step.end()
    return end


def spans(text: str) -> list[tuple[int, int]]:
    """Every citation, resolved or not, and every Act named, in order, as start and end."""
    found = [match.span() for match in MENTION.finditer(text)]
    found += [(cue.start(), _numbers_end(text, cue.end())) for cue in CUE.finditer(text)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def masked(text: str, titles: Iterable[str] = ()) -> str:
    """`text` with citations and names of Acts as "the law", and without the titles of at least two words.

    Args:
        text: A passage.
        titles: Titles of the statutes that it is a query for.
    """
    parts, at = [], 0
    for start, end in spans(text):
        parts += [text[at:start], LAW]
        at = end
    plain = "".join([*parts, text[at:]])
    for title in sorted({t.strip(" .") for t in titles}, key=len, reverse=True):
        if len(title.split()) >= TITLE_WORDS:
            plain = re.sub(re.escape(title), LAW, plain, flags=re.IGNORECASE)
    return REST.sub(LAW, " ".join(plain.split()))
