"""What of a statute matched: the words that made its BM25 score, the sentence nearest to the facts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lexfit.corpus.duplicates import words
from lexfit.demo.sentences import Span, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import numpy as np

    from lexfit.search.ranking import Statute

SHARE = 0.6
SHOWN = 320
LEAD = 90
Segment = tuple[str, bool]


@dataclass(frozen=True)
class Excerpt:
    """Text to show of a passage.

    `segments` are its pieces, each with whether it is marked; `before` and `after` say that the passage goes on there;
    `words` are those that made the score, the most telling first (of BM25 alone).
    """

    segments: tuple[Segment, ...]
    before: bool
    after: bool
    words: tuple[str, ...] = ()


def contributions(
    scores: Callable[[str], np.ndarray], facts: str, asked: Collection[str]
) -> Mapping[str, np.ndarray]:
    """What words of a text add to the score of each passage, shape (passages,); a word's repeats add up.

    BM25 is a sum over the query's words, so those of a passage add up to its score.

    Args:
        scores: `Bm25.scores`.
        facts: The query.
        asked: The words, lower-cased; those that aren't in the query are left out.
    """
    return {word: count * scores(word) for word, count in Counter(words(facts)).items() if word in asked}


def telling(added: Mapping[str, float]) -> tuple[str, ...]:
    """The fewest words that make up 60 % of the score, the largest first; none where no word matches."""
    ranked = sorted(((value, word) for word, value in added.items() if value > 0), key=lambda pair: (-pair[0], pair[1]))
    total, so_far, found = sum(value for value, _ in ranked), 0.0, []
    for value, word in ranked:
        if so_far >= SHARE * total:
            break
        found.append(word)
        so_far += value
    return tuple(found)


def marked(text: str, span: Span, chosen: Sequence[str]) -> tuple[Segment, ...]:
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
    """At most 320 characters of a span, cut between words, with what begins at `focus` in it."""
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


def lexical_excerpt(passage: str, added: Mapping[str, float]) -> Excerpt:
    """The sentence of a passage whose words add most to its BM25 score, with the telling ones marked.

    Args:
        passage: Its text.
        added: What each word of the query adds to this passage's score.
    """
    chosen = telling(added)
    spans = sentences(passage) or [Span(0, len(passage))]
    values = [sum(added.get(word, 0.0) for word in set(words(passage[s.start : s.end]))) for s in spans]
    best = spans[values.index(max(values))]
    first = next((m.start() for m in _found(passage, best, chosen)), best.start)
    span = shortened(passage, best, first)
    return _excerpt(passage, span, marked(passage, span, chosen), chosen)


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


def _found(text: str, span: Span, chosen: Sequence[str]) -> list[re.Match[str]]:
    return [m for m in re.compile(r"\w+").finditer(text, span.start, span.end) if m.group().lower() in chosen]


def _excerpt(passage: str, span: Span, segments: tuple[Segment, ...], chosen: tuple[str, ...]) -> Excerpt:
    before, after = bool(passage[: span.start].strip()), bool(passage[span.end :].strip())
    return Excerpt(segments, before, after, chosen)
