"""From a judgment to its citations: every section or article that it names, with the Act it belongs to.

A number is resolved by what follows it ("Sections 302 and 34 of the Code"), else by a short form that the judgment
defined ("the Act"), else by the same number elsewhere in the judgment. What stays uncertain is left out.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from lexfit.corpus.citations.short_forms import ShortForms

if TYPE_CHECKING:
    from lexfit.corpus.citations.acts import ActFinder, Mention

CUE = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\b[A-Z]\. )(?<![\w-])(?:(?:[uU]\s?/\s?|under)?"
    r"(?P<section>[sS]ections?|SECTIONS?|[sS]ecs?\.?|[sS]{1,2}\.?)"
    r"|(?:[uU]\s?/\s?)?(?P<article>[aA]rticles?|ARTICLES?|[aA]rts?\.?))[\s.-]{0,3}(?=\(?\d)"
)
SUB = re.compile(r"\b[Ss]ub[\s-]*$|(?:^|[\s(])[A-Z]\.\s?$")
NUMBER = re.compile(
    r"\(?(?P<number>\d{1,3})(?!\d|\s?/\s?\d{4})"
    r"(?P<suffix>\s?-\s?(?!I{1,3}\b)[A-Z]{1,3}(?![\w.])|(?!IPC|CPC|CR)[A-Z]{1,3}(?![A-Za-z])|\s[A-HJ-Z](?=\s?[,;()]|\s+(?:of|read|IPC)\b))?"
)
CLAUSES = re.compile(
    r"(?:\s?\(\s?[0-9a-zA-Z]{1,5}\s?[)}\]]|\s?\[[0-9a-z]{1,4}\])*(?:\s*,?\s*(?:(?:[Pp]art|PART|[Pp]t\.?)[\s-]*(?:I{1,3}\b|1\b|2\b|one\b|two\b)"
    r"|-\s?I{1,2}\b|\(?(?:first|second|latter|former)\s+part\)?|[Ee]xplanation\b(?:\s+[IVX\d]+\b)?|\bclause\s+\(?\w+\)?))?"
)
DASH = r"\s*(?:to|[-\u2013\u2014])\s*"
RANGE = re.compile(rf"{DASH}(?=\d)")
JOIN = re.compile(
    r"(?:[ \t,;&/+()]|\n(?![\d ]+\.)|\b(?:and|or|read|with|along|also|r|w|as|well|both|either|clause|cl|cls|sub|the|"
    r"offences?|punishable|secondly|to|section|sections|of|provisions)\b|[.:-](?=\s?[/w]))+"
)
UNIT = re.compile(
    r"\s*(?:years?|months?|days?|weeks|hours|per\s?cent|%|lakhs?|crores?|acres?|times|others|persons|accused|cases|witnesses|"
    r"appeals?|(?:st|nd|rd|th)\b|[a-z]\.m|paise|rupees|kgs?|metres|feet|o'clock|SCC|SCR|AIR|[./:]\d)",
)
OF = re.compile(r"[\s,(]*(?:(?:of|under|in|from|to)\s+)?(?:(?:the|this|that|said|same|aforesaid|our|above)\s+)*(?=\S)")
LONGEST = 20


class Citation(NamedTuple):
    """A section or article of an Act, and where its number stands."""

    start: int
    end: int
    act: str
    section: str


class _Number(NamedTuple):
    start: int
    end: int
    section: str
    article: bool


class Resolver:
    """Finds and resolves the citations of a judgment."""

    def __init__(self, acts: ActFinder) -> None:
        self._acts = acts

    def citations(self, text: str, decided: int | None) -> list[Citation]:
        """Citations in `text`, in order.

        Args:
            text: A judgment.
            decided: Its year, if known: some Acts have the same name as the one they replaced.
        """
        mentions = self._acts.mentions(text, decided)
        forms = ShortForms(text, mentions)
        found: list[Citation] = []
        loose: list[_Number] = []
        end = 0
        for cue in CUE.finditer(text):
            if cue.start() < end or SUB.search(text[max(0, cue.start() - 6) : cue.start()]):
                continue
            chain, end = self._chain(text, cue, mentions, forms)
            for number, (how, act) in chain:
                if how == "named" and act is not None and _is_of(number, act):
                    found.append(Citation(number.start, number.end, act, number.section))
                elif how == "loose":
                    loose.append(number)
        return sorted(found + self._from_context(loose, found, mentions))

    def _chain(
        self, text: str, cue: re.Match[str], mentions: list[Mention], forms: ShortForms
    ) -> tuple[list[tuple[_Number, tuple[str, str | None]]], int]:
        """The numbers from a cue on, each with how it was resolved: named, loose, or other (a foreign Act, say)."""
        starts = [m.start for m in mentions]
        position = end = cue.end()
        article = cue["article"] is not None
        done: list[tuple[_Number, tuple[str, str | None]]] = []
        waiting: list[_Number] = []
        first = True
        while (match := NUMBER.match(text, position)) and (first or not UNIT.match(text, match.end())):
            first = False
            clauses = CLAUSES.match(text, match.end())
            end = clauses.end() if clauses else match.end()
            suffix = re.sub(r"[^A-Z]", "", match["suffix"] or "")
            waiting += _expand(waiting, text, match, suffix, article)
            act, after = self._following(text, end, mentions, starts, forms)
            if after is not None:
                done += [(number, ("named" if act else "other", act)) for number in waiting]
                waiting, end = [], after
            step = RANGE.match(text, end) or JOIN.match(text, end)
            if step is None:
                position = end
                break
            position = step.end()
            again = CUE.match(text, position)
            if again:
                if (again["article"] is not None) != article:
                    break
                position = again.end()
            elif after is not None:
                break
        return done + [(number, ("loose", None)) for number in waiting], max(end, cue.end())

    def _following(
        self, text: str, position: int, mentions: list[Mention], starts: list[int], forms: ShortForms
    ) -> tuple[str | None, int | None]:
        """The Act that stands right after a number, and where it ends; (None, None) if none does."""
        lead = OF.match(text, position)
        at = lead.end() if lead else position
        index = bisect_left(starts, position)
        if index < len(mentions) and mentions[index].start <= at + 1:
            return mentions[index].act, mentions[index].end
        return forms.at(position)

    def _from_context(self, loose: list[_Number], found: list[Citation], mentions: list[Mention]) -> list[Citation]:
        """Numbers that stand alone: the Act that the same number has elsewhere in the judgment, if it is one only."""
        known: dict[tuple[str, bool], Counter[str]] = {}
        for citation in found:
            key = (citation.section, citation.act == "Constitution of India")
            known.setdefault(key, Counter())[citation.act] += 1
        constitution = any(m.act == "Constitution of India" for m in mentions)
        places = [c.start for c in found]
        out = []
        for number in loose:
            if number.article:
                if constitution and _is_of(number, "Constitution of India"):
                    out.append(Citation(number.start, number.end, "Constitution of India", number.section))
                continue
            acts = known.get((number.section, False), Counter())
            if len(acts) == 1:
                out.append(Citation(number.start, number.end, next(iter(acts)), number.section))
            elif len(acts) > 1:
                before = [c for c in found[: bisect_right(places, number.start)] if c.section == number.section]
                if before and number.start - before[-1].start < 1500:
                    out.append(Citation(number.start, number.end, before[-1].act, number.section))
        return out


def _expand(waiting: list[_Number], text: str, match: re.Match[str], suffix: str, article: bool) -> list[_Number]:
    """The number, and before it those that a range ("10 to 13") leaves out."""
    place = match.span("number")
    number = _Number(*place, match["number"] + suffix, article)
    if waiting and not suffix and waiting[-1].section.isdigit():
        low, high = int(waiting[-1].section), int(match["number"])
        between = text[waiting[-1].end : match.start("number")]
        if 1 < high - low <= LONGEST and re.fullmatch(DASH, between):
            return [*(_Number(*place, str(n), article) for n in range(low + 1, high)), number]
    return [number]


def _is_of(number: _Number, act: str) -> bool:
    """Whether a section or article can be of that Act: articles are the Constitution's, and it has nothing else."""
    return number.article == (act == "Constitution of India")
