"""Which of the texts that a language model wrote for a document may train as its queries."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from lexfit.corpus.citations.masking import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lexfit.corpus.records import Document
    from lexfit.corpus.sources.options import SyntheticOptions

RUN = 5
REASONS = ("short", "copied", "repeated", "not_found")


class Written(NamedTuple):
    """A text written for a document: which document, which of its texts, and the text, masked."""

    document: str
    number: int
    text: str


def runs(text: str, size: int = RUN) -> set[tuple[str, ...]]:
    """All runs of `size` words, lower case, without punctuation."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def copied_share(text: str, document: str) -> float:
    """Of a text's 5-word runs the share that stand in the document; 0 of a text without any."""
    own = runs(text)
    return len(own & runs(document)) / len(own) if own else 0.0


def clean_text(text: str, title: str) -> str:
    """One line without Markdown, list marks or a label in front, citations and the document's title masked."""
    plain = re.sub(r"[*_#`>]+", " ", text)
    plain = re.sub(r"^\s*(?:[-•\d.)]+\s+|[A-Z][\w ]{0,24}:\s)", "", plain)
    return masked(" ".join(plain.split()), [title])


def whole_sentences(text: str) -> str:
    """A text up to its last full stop: what a limit of tokens cut off is left out."""
    end = max(text.rfind(mark) for mark in ".?!")
    return text[: end + 1] if end > 0 else text


def choose(
    texts: Iterable[Written],
    documents: dict[str, Document],
    options: SyntheticOptions,
    rank: Callable[[list[Written]], list[int]],
) -> tuple[list[tuple[Written, int]], dict[str, int]]:
    """The texts that pass all filters, each with the rank of its document, and how many were dropped by reason.

    Round-trip filtering as in Promptagator (Dai et al. 2022, arXiv 2209.11755).

    Args:
        texts: In order.
        documents: By id.
        options: Limits of the filters.
        rank: For texts, the rank of each one's document by a retriever, from 1; called once.
    """
    dropped = Counter(dict.fromkeys(REASONS, 0))
    kept: dict[str, Written] = {}
    for text in texts:
        key = " ".join(text.text.casefold().split())
        if len(key.split()) < options.min_words:
            dropped["short"] += 1
        elif copied_share(text.text, documents[text.document].full_text) > options.max_copied:
            dropped["copied"] += 1
        elif key in kept:
            dropped["repeated"] += 1
        else:
            kept[key] = text
    passed = list(kept.values())
    ranked = list(zip(passed, rank(passed) if passed else [], strict=True))
    found = [(text, place) for text, place in ranked if place <= options.within]
    dropped["not_found"] = len(ranked) - len(found)
    return found, dict(dropped)
