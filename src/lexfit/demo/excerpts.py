"""What of a statute matched: the telling words in common, the sentence nearest to the facts."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lexfit.corpus.ngrams import words
from lexfit.demo.sentences import Span, sentences

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy as np

    from lexfit.search.ranking import Statute

MARKED, COMMON = 6, 8
SHOWN = 240
LEAD = 90
Segment = tuple[str, bool]


@dataclass(frozen=True)
class Excerpt:
    """Text to show of a passage.

    `segments` are its pieces, each with whether it is marked; `before` and `after` say that the passage goes on there;
    `words` are the telling ones, the rarest first (of BM25 alone).
    """

    segments: tuple[Segment, ...]
    before: bool
    after: bool
    words: tuple[str, ...] = ()


def frequencies(statutes: Sequence[Statute]) -> Counter[str]:
    """In how many passages each word stands."""
    return Counter(word for statute in statutes for passage in statute.passages for word in set(words(passage)))


def telling(common: Collection[str], frequency: Mapping[str, int], passages: int) -> dict[str, float]:
    """The rarest of the words in common, at most six, rarest first, with their weight in choosing a sentence.

    BM25's score has all words in common in it, but a reader learns little from “the”: words in more than an eighth of
    the passages are left out, unless there are no others, when the rarest of them stands alone.

    Args:
        common: Words of the facts that are in the passage, lower-cased.
        frequency: In how many passages each stands.
        passages: How many there are.
    """
    ranked = sorted(common, key=lambda word: (frequency[word], word))
    rare = [word for word in ranked if frequency[word] * COMMON <= passages][:MARKED] or ranked[:1]
    return {word: math.log(1 + passages / frequency[word]) for word in rare}


def marked(text: str, span: Span, chosen: Collection[str]) -> tuple[Segment, ...]:
    """The span's text in pieces, the chosen words marked; pieces that follow one another are joined."""
    pieces: list[Segment] = []
    place = span.start
    for match in re.finditer(r"\w+", text[span.start : span.end]):
        if match.group().lower() not in chosen:
            continue
        start, end = span.start + match.start(), span.start + match.end()
        pieces += [(text[place:start], False), (text[start:end], True)]
        place = end
    pieces.append((text[place : span.end], False))
    return tuple(piece for piece in pieces if piece[0])


def shortened(text: str, span: Span, focus: int) -> Span:
    """At most 240 characters of a span, cut between words, with what begins at `focus` in it."""
    if span.end - span.start <= SHOWN:
        return span
    start = max(span.start, min(focus - LEAD, span.end - SHOWN))
    if start > span.start:
        start = text.rfind(" ", span.start, start) + 1 or start
    end = min(span.end, start + SHOWN)
    if end < span.end:
        space = text.rfind(" ", start, end)
        end = space if space > focus else end
    return Span(start, end)


def lexical_excerpt(passage: str, chosen: Mapping[str, float]) -> Excerpt:
    """The sentence of a passage whose telling words weigh most, with these marked.

    Args:
        passage: Its text.
        chosen: Of `telling`.
    """
    spans = sentences(passage) or [Span(0, len(passage))]
    values = [sum(chosen[word] for word in set(words(passage[s.start : s.end])) & chosen.keys()) for s in spans]
    best = spans[values.index(max(values))]
    span = max(
        (shortened(passage, best, focus) for focus in _starts(passage, best, chosen)),
        key=lambda shown: sum(chosen[word] for word in set(words(passage[shown.start : shown.end])) & chosen.keys()),
    )
    return _excerpt(passage, span, marked(passage, span, chosen), tuple(chosen))


def nearest_excerpt(passage: str, spans: Sequence[Span], similarities: np.ndarray | None) -> Excerpt:
    """The sentence of a passage that is nearest to the facts.

    Args:
        passage: Its text.
        spans: Its sentences; without any, the passage's start is shown.
        similarities: Of the sentences, shape (sentences,); None where there are none.
    """
    best = Span(0, len(passage)) if similarities is None else spans[int(similarities.argmax())]
    span = shortened(passage, best, best.start)
    return _excerpt(passage, span, ((passage[span.start : span.end], False),), ())


def without_title(statute: Statute, passage: str) -> str:
    """A passage's text behind the title that it begins with."""
    if statute.title and passage.startswith(statute.title):
        return passage[len(statute.title) :].lstrip()
    return passage


def _starts(text: str, span: Span, chosen: Collection[str]) -> list[int]:
    found = re.compile(r"\w+").finditer(text, span.start, span.end)
    return [match.start() for match in found if match.group().lower() in chosen] or [span.start]


def _excerpt(passage: str, span: Span, segments: tuple[Segment, ...], chosen: tuple[str, ...]) -> Excerpt:
    before, after = bool(passage[: span.start].strip()), bool(passage[span.end :].strip())
    return Excerpt(segments, before, after, chosen)
