"""Mentions of Acts in a judgment, and which Act each of them is."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lexfit.io import read_text
from lexfit.rows import placed_rows, whole_number

ACTS = Path("data/sources/citations/acts.csv")

# Words that begin a sentence or a phrase before a title, and are no part of it.
LEADING = re.compile(
    r"^(?:(?:the|said|of|in|under|by|to|and|or|for|with|from|both|that|this|an?|as|see|section|sections|article|articles|"
    r"per|vide|on|if|when|where|whether|while|now|thus|but|also|reading|punishable|offence|same|aforesaid|our|central|"
    r"whereas|since|therefore|hence|although|though|even|unlike|clearly|further|then|however)[\s,]+)+",
    re.IGNORECASE,
)
_WORD = r"(?:[A-Z][\w.'\u2019&/-]*|\([A-Z][^()\n]{0,60}\))"
_TITLE = (
    rf"{_WORD}(?:[\s,]+(?:{_WORD}|of|and|for|the|in|to|on|&|from|by|or)){{0,14}}?\s+(?:Act|Code|Ordinance|Sanhita)\b"
)
_SHORT = (
    r"I\.?\s?P\.?\s?C\b\.?|I\.?\s?P\.?\s?Code\b|(?:Cr|Crl|Crm)\.?\s?P\.?\s?C\b\.?|Criminal\s+P\.\s?C\b\.?|C\.?\s?P\.?\s?C\b\.?"
    r"|(?:N\.?D\.?P\.?S|T\.?A\.?D\.?A|P\.?C|N\.?I|T\.?P|M\.?V|I\.?D|L\.?A)\.?\s+Act\b|\b(?:TADA|MISA|M\.I\.S\.A|COFEPOSA|NDPS|POTA)\b\.?"
)
_LONG = (
    r"(?i:(?:indian\s+)?penal\s+code|code\s+of\s+criminal\s+procedure|criminal\s+procedure\s+code|"
    r"code\s+of\s+civil\s+procedure|civil\s+procedure\s+code|indian\s+constitution|constitution(?:\s+of\s+india)?)\b"
)
YEAR = (
    r"(?:\s*,?\s*(?:\(?\s*(?:Act\s+)?(?:No\.?\s*)?(?:[IVXLC]+|\d+)\s+of\s+)?(?:of\s+)?"
    r"(?P<year>1[789]\d\d|20[0-2]\d)\b\)?)?"
)
MENTION = re.compile(rf"(?<![\w.-])(?P<name>{_SHORT}|{_LONG}|{_TITLE}){YEAR}")
STATE_NAMES = {
    "up": "uttar pradesh",
    "mp": "madhya pradesh",
    "ap": "andhra pradesh",
    "tn": "tamil nadu",
    "hp": "himachal pradesh",
}
STATES = re.compile(rf"^(?:{'|'.join(STATE_NAMES)})(?= )")
FOREIGN = re.compile(
    r"(?:america\w*|mexican|australian|canadian|irish|united states|u\.s\.|american|japanese|german|state|english|"
    r"jammu|kashmir|pakistan\w*|ceylon|burma|eire|ireland)\W*$",
    re.IGNORECASE,
)
FOREIGN_AFTER = re.compile(
    r"\s+(?:of|for)\s+(?:the\s+)?(?:united|america|u\.\s?s|jammu|j\s?&|ireland|eire|australia|canada|pakistan|mexico|ceylon|"
    r"japan|germany|a |an |such|committee|board|court|bench|commission|tribunal)",
    re.IGNORECASE,
)


class Act(NamedTuple):
    """An Act, its names without year, and the years of judgments that mean it when they give none."""

    title: str
    names: tuple[str, ...]
    decided_from: int
    decided_until: int


@dataclass(frozen=True)
class Mention:
    """An Act named at `start:end`; `act` is its title with year, None where that can't be said."""

    start: int
    end: int
    name: str
    act: str | None


def load_acts(path: Path = ACTS) -> list[Act]:
    """The table of Acts that have several names, or the same name as another."""
    columns = ["act", "names", "decided_from", "decided_until"]
    return [
        Act(
            r["act"],
            tuple(r["names"].split("|")),
            whole_number(r["decided_from"] or "0", place),
            whole_number(r["decided_until"] or "9999", place),
        )
        for place, r in placed_rows(read_text(path), str(path), columns)
    ]


def normal_name(name: str) -> str:
    """A title or abbreviation in lower case, without what stands before it and without points and line breaks."""
    text = " ".join(name.replace("\u2019", "'").split())
    if re.fullmatch(_SHORT, text):
        return (
            re.sub(r"[.\s]", "", text).lower().replace("act", " act").replace("ipcode", "ipc").replace("criminal", "cr")
        )
    plain = LEADING.sub("", text.rstrip(" ,.")).replace(".", "").lower()
    return STATES.sub(lambda match: STATE_NAMES[match[0]], plain)


class ActFinder:
    """Finds Acts by name and says which each is.

    Of Acts with the same name it is the one of the year that stands there, or elsewhere in the judgment, else the one
    that was in force long enough when the judgment was given; Acts that the table doesn't have stay unknown.
    """

    def __init__(self, acts: list[Act]) -> None:
        self._by_name: dict[str, list[Act]] = {}
        for act in acts:
            for name in act.names:
                self._by_name.setdefault(name, []).append(act)

    def mentions(self, text: str, decided: int | None) -> list[Mention]:
        """Acts named in `text`, in order.

        Args:
            text: A judgment.
            decided: Its year, if known.
        """
        found: list[tuple[int, int, str, str | None]] = []
        for match in MENTION.finditer(text):
            start, name = match.start("name"), match["name"]
            key = normal_name(name)
            if (
                not key
                or key in {"act", "code", "ordinance"}
                or ("constitution" in key and _foreign(text, start, match))
            ):
                continue
            lead = LEADING.match(name)
            found.append((start + (lead.end() if lead else 0), match.end(), key, match["year"]))
        years: dict[str, Counter[str]] = {}
        for _, _, key, year in found:
            if year:
                years.setdefault(key, Counter())[year] += 1
        return [Mention(s, e, key, self._act(key, year, years.get(key), decided)) for s, e, key, year in found]

    def _act(self, key: str, year: str | None, elsewhere: Counter[str] | None, decided: int | None) -> str | None:
        known = self._by_name.get(key) or self._by_name.get(key.removeprefix("indian "), [])
        if year:
            return next((a.title for a in known if a.title.endswith(year)), None)
        if len(known) == 1 and (decided is None or known[0].decided_from <= decided <= known[0].decided_until):
            return known[0].title
        if elsewhere and len(elsewhere) == 1:
            return self._act(key, next(iter(elsewhere)), None, decided)
        if known and decided:
            fitting = [a for a in known if a.decided_from <= decided <= a.decided_until]
            return fitting[0].title if len(fitting) == 1 else None
        return None


def _foreign(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether a constitution is another one than India's, or no document at all."""
    before, after = text[max(0, start - 40) : start], text[match.end() : match.end() + 40]
    name = match["name"]
    if "ndia" in name:
        return bool(FOREIGN_AFTER.match(after))
    return name[:1].islower() or bool(FOREIGN.search(before)) or bool(FOREIGN_AFTER.match(after))
