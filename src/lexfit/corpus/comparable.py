"""Texts made comparable across retellings: one spelling of dates and amounts, placeholders told from words."""

from __future__ import annotations

import re

MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_MONTH = (
    "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
_DATE = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: day)?(?: of)?[ ,.-]+{_MONTH}\b[ ,.-]*(\d{{4}})"
    rf"|\b{_MONTH}\b\.? *(\d{{1,2}})(?:st|nd|rd|th)?,? +(\d{{4}})"
    r"|\b(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d\d)\b"
)
_HIDDEN = re.compile(r"\bsection s\b(?: of)?(?: act)?(?: [a-z]\d{1,2}\b)?")
_PLACEHOLDER = re.compile(r"[a-z]\d{1,2}$")
_FACT = re.compile(r"(?:\d+d\d+d\d+|\d{4,})$")
_YEAR = re.compile(r"(?:1[89]|20)\d\d$")


def _one_date(match: re.Match[str]) -> str:
    day, month, year, month_2, day_2, year_2, day_3, month_3, year_3 = match.groups()
    if day_3:
        full = int(year_3) if len(year_3) == 4 else int(year_3) + (1900 if int(year_3) > 20 else 2000)
        return f" {full}d{int(month_3)}d{int(day_3)} "
    name = month or month_2
    return f" {year or year_2}d{MONTHS[name[:3]]}d{int(day or day_2)} "


def comparable(text: str) -> list[str]:
    """Words in lower case; a date in any spelling is one word, amounts lose their commas."""
    flat = _HIDDEN.sub(" a0 ", re.sub(r"\s+", " ", text.lower()))
    return re.findall(r"\w+", re.sub(r"(?<=\d),(?=\d)", "", _DATE.sub(_one_date, flat)))


def is_placeholder(word: str) -> bool:
    """Whether a word stands for a name that was taken out: P1, L2, A3."""
    return bool(_PLACEHOLDER.match(word))


def is_fact(word: str) -> bool:
    """Whether a word is a date or an amount; a year alone is neither."""
    return bool(_FACT.match(word)) and not _YEAR.match(word)
