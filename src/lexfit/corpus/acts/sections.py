"""The file of sections of Indian Central Acts: where it is, what it holds, which sections say nothing."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError
from lexfit.io import decode_utf8, gunzip
from lexfit.jsonl import parse_jsonl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENVIRONMENT = "LEXFIT_CENTRAL_ACTS"
SECTIONS = "sections.jsonl.gz"
EMPTY_TITLE = re.compile(r"^(\W|\d|\band\b|\b[a-z]\b)*(repealed|omitted|rep|spent)\W*$", re.IGNORECASE)
# “[Sale defined. Rep. by s. 65, ibid.” but not “… is hereby repealed.”, and nothing that goes on at length.
REPEALED = re.compile(
    r"^\W*(\w{1,5}\W+)?(\[[^\]]*?)?\b(rep\.|repealed|omitted)\W*(by|ibid|vide|\(?w\.?e\.?f)", re.IGNORECASE
)
REPEALED_WORDS, REPEALED_REACH = 80, 1000  # words of such a section; characters that the pattern looks at
# Possessive: what is taken is never given back, so that a long line costs one pass.
HEADING_NUMBER, NO_NUMBER = re.compile(r"\W*+\d\w*+\W++"), re.compile(r"\W*+")
BEHIND_HEADING, SENTENCE = re.compile(r"^[^\w(\[]*"), re.compile(r"\s[a-z]")


@dataclass(frozen=True)
class Section:
    """A section of an Act, its text without the heading that it may begin with."""

    id: str
    act: str
    number: str
    title: str
    text: str


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def locate_sections(given: str | None, key: str, task: str, remedy: str) -> Path:
    """The file that `given` or else the environment variable names, or that lies in the folder of that name.

    Args:
        given: The value of the params key.
        key: That key, for errors.
        task: What needs the file, for errors.
        remedy: What else could be done, for errors.
    """
    value = given or os.environ.get(ENVIRONMENT)
    where = f"params.yaml: {key}" if given or not value else f"environment variable {ENVIRONMENT}"
    advice = f"Set `-S {key}=` or the environment variable {ENVIRONMENT} to the folder of {SECTIONS}{remedy}"
    if not value:
        raise LexfitError(where, f"{task} needs {SECTIONS}, and nothing says where it is", advice)
    path = Path(value).expanduser()
    path = path / SECTIONS if path.is_dir() else path
    if not path.is_file():
        raise LexfitError(where, f"{path} does not exist", advice)
    return path


def without_heading(body: str, title: str) -> str:
    """A section's text without the number and title that it may begin with.

    A title that a word in lower case follows is the subject of a sentence, not a heading.
    """
    for start in (HEADING_NUMBER.match(body), NO_NUMBER.match(body)):
        at = start.end() if start else 0
        rest = body[at + len(title) :]
        if start and body[at : at + len(title)].lower() == title.lower() and not SENTENCE.match(rest):
            return BEHIND_HEADING.sub("", rest)
    return body


def read_sections(data: bytes, where: str) -> Iterator[Section]:
    """All sections; an Act's second section of a number gets an id that ends in `-2`.

    Args:
        data: Gzipped JSONL of `act`, `section`, `title`, `text`.
        where: The file, for errors.
    """
    text = decode_utf8(gunzip(data, where), where)
    times: Counter[str] = Counter()
    for line, record in parse_jsonl(text, where):
        values = [record.get(key) for key in ("act", "section", "title", "text")]
        if not all(isinstance(value, str) for value in values):
            raise LexfitError(f"{where}:{line}", "lacks act, section, title or text", "Mend this line")
        act, number, title, body = (" ".join(str(value).split()) for value in values)
        name = f"{slug(act)}/{slug(number)}"
        times[name] += 1
        record_id = name if times[name] == 1 else f"{name}-{times[name]}"
        yield Section(record_id, act, number, title, without_heading(body, title))


def says_nothing(section: Section, min_words: int) -> str | None:
    """Why a section is left out: it is repealed or omitted, or too short; none if it stays."""
    words = len(section.text.split())
    if EMPTY_TITLE.match(section.title) or (words <= REPEALED_WORDS and REPEALED.match(section.text[:REPEALED_REACH])):
        return "repealed_or_omitted"
    return "short" if words < min_words else None


def choose_sections(
    sections: Iterable[Section], acts: list[str] | None, min_words: int, key: str
) -> tuple[list[Section], Counter[str]]:
    """The sections that say something, and how many were dropped, by reason.

    Args:
        sections: All of them.
        acts: Titles of Acts or parts of titles, in any case; null for all Acts.
        min_words: The fewest words of a section's text.
        key: The params key of `acts`, for errors.

    Raises:
        LexfitError: An entry of `acts` is part of no Act's title.
    """
    every = list(sections)
    titles = {section.act.lower(): section.act for section in every}
    for given in acts or []:
        if not any(given.lower() in title for title in titles):
            near = [titles[t] for t in get_close_matches(given.lower(), titles, 3, 0.5)]
            raise LexfitError(
                key,
                f"no Act's title has {given!r} in it",
                f"Near it: {'; '.join(near) or 'none'}. Mend it or remove it",
            )
    parts = [given.lower() for given in acts or [""]]
    chosen_acts = {act for title, act in titles.items() if any(part in title for part in parts)}
    kept: list[Section] = []
    dropped: Counter[str] = Counter()
    for section in every:
        reason = "act_not_chosen" if section.act not in chosen_acts else says_nothing(section, min_words)
        if reason is None:
            kept.append(section)
        else:
            dropped[reason] += 1
    return kept, dropped


def neighbours(sections: list[Section], reach: int) -> dict[str, list[str]]:
    """Ids of up to `reach` sections before and behind each one in its Act, nearest first."""
    by_act: dict[str, list[str]] = defaultdict(list)
    for section in sections:
        by_act[section.act].append(section.id)
    found: dict[str, list[str]] = {}
    for ids in by_act.values():
        for place, own in enumerate(ids):
            steps = [place + sign * step for step in range(1, reach + 1) for sign in (-1, 1)]
            found[own] = [ids[step] for step in steps if 0 <= step < len(ids)]
    return found
