"""What a language model calls a statute: the first words of its text, as few as tell it from the others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LABEL = re.compile(r"^\s*(?:title|name|heading)\s*:\s*", re.IGNORECASE)


def first_line(text: str) -> str:
    """A text's first line in one piece, without `Title:` in front."""
    lines = [" ".join(line.split()) for line in LABEL.sub("", text).splitlines()]
    return next((line for line in lines if line), "")


def names_of(texts: Mapping[str, str], words: int) -> dict[str, str]:
    """A name for each document, the same for documents of the same text and different for all others.

    Args:
        texts: By document id.
        words: A name is the first line, cut to so many words; where other texts begin alike, more of the text's words
            follow, and where one text goes on where another ends, its number among them stands behind.
    """
    plain = {doc_id: " ".join(LABEL.sub("", text).split()) for doc_id, text in texts.items()}
    unique = sorted(set(plain.values()))
    named = {text: " ".join(first_line(texts[doc_id]).split()[:words]) for doc_id, text in plain.items()}
    while clashes := _clashes(named, unique):
        longer = {text: " ".join(text.split()[: len(named[text].split()) + words]) for text in clashes}
        if all(longer[text] == named[text] for text in clashes):
            named |= {text: f"{named[text]} ({number})".strip() for number, text in enumerate(clashes, 1)}
        else:
            named |= longer
    return {doc_id: named[text] for doc_id, text in plain.items()}


def _clashes(named: Mapping[str, str], texts: Iterable[str]) -> list[str]:
    owners: dict[str, list[str]] = {}
    for text in texts:
        owners.setdefault(named[text], []).append(text)
    return [text for name, own in owners.items() if len(own) > 1 or not name for text in own]
