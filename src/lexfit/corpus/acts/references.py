"""Passages that refer to another section of their Act, numbers masked, as queries; that section as document."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from lexfit.corpus.acts.drafts import Draft, Relation, beside, twins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lexfit.corpus.acts.sections import Section

MASK = "N"
NUMBER = r"\d+[A-Z]{0,3}\b(?:\s*\(\w{1,5}\))*"
REFERENCE = re.compile(
    rf"(?<!sub-)(?<!sub )\bsections?\s+({NUMBER}(?:\s*(?:,\s*(?:and|or)|,|and|or|to)\s*(?:sections?\s+)?{NUMBER})*)",
    re.IGNORECASE,
)
# “section 12 of the Indian Penal Code”, “of that Act”, “section 3 thereof”, but not “of this Act”.
FOREIGN = re.compile(r"^(?:\W|ibid)*(?:thereof\b|ibid\b|of\s+(?!this\b))", re.IGNORECASE)
AMENDING = re.compile(r"^\W*(amendments?|insertion|substitution|omission|modifications?)\b", re.IGNORECASE)


class Reference(NamedTuple):
    """Where the numbers of one reference stand in a text, which they are, and whether they are another law's."""

    start: int
    end: int
    numbers: tuple[str, ...]
    problem: str | None


def references(text: str) -> Iterator[Reference]:
    """All references by number; `problem` says why one gives no target."""
    for match in REFERENCE.finditer(text):
        given = match.group(1)
        numbers = tuple(re.findall(r"(?<![\w(])\d+[A-Z]{0,3}\b", given))
        problem = "other_law" if FOREIGN.match(text[match.end() : match.end() + 40]) else None
        if problem is None and re.search(r"\bto\b", given):
            problem = "range"
        yield Reference(match.start(1), match.end(1), numbers, problem)


def passage_around(text: str, at: int, words: int) -> tuple[int, int]:
    """Start and end of the `words` words of `text` that have the character `at` in their middle."""
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    place = next((i for i, (_, end) in enumerate(spans) if end > at), len(spans) - 1)
    first = max(0, min(place - words // 2, len(spans) - words))
    return spans[first][0], spans[min(first + words, len(spans)) - 1][1]


def masked(text: str, start: int, end: int, found: list[Reference]) -> str:
    """`text[start:end]` with the numbers of every reference in it replaced by `MASK`."""
    parts, at = [], start
    for reference in found:
        if start <= reference.start and reference.end <= end:
            parts += [text[at : reference.start], MASK]
            at = reference.end
    return "".join([*parts, text[at:end]])


def cross_references(
    sections: list[Section], neighbours: dict[str, list[str]], max_positives: int, passage_words: int
) -> Relation:
    """One query for each passage; all sections of the Act that it refers to answer it.

    The passage's own section has the query's very words: it is related, never a negative. Candidates are references.
    """
    by_number: dict[tuple[str, str], list[str]] = defaultdict(list)
    for section in sections:
        by_number[section.act, section.number.upper()].append(section.id)
    same, relation = twins(sections), Relation()
    for section in sections:
        found = list(references(section.text))
        known = [[by_number.get((section.act, n.upper()), []) for n in reference.numbers] for reference in found]
        aims = [[ids[0] for ids in listed if len(ids) == 1 and ids[0] != section.id] for listed in known]
        relation.candidates += len(found)
        covered = -1
        for place, reference in enumerate(found):
            problem = reference.problem
            if AMENDING.match(section.title):
                problem = "amends_other_law"
            elif problem is None and not aims[place]:
                own = any(section.id in ids for ids in known[place])
                problem = "own_section" if own else "several_sections" if any(known[place]) else "no_such_section"
            elif problem is None and reference.end <= covered:
                problem = "in_earlier_passage"
            if problem is None:
                start, end = passage_around(section.text, reference.start, passage_words)
                inside = [i for i, r in enumerate(found) if r.problem is None and start <= r.start and r.end <= end]
                positives = tuple(dict.fromkeys(twin for i in inside for aim in aims[i] for twin in same[aim]))
                problem = "too_many_targets" if len(positives) > max_positives else None
            if problem is not None:
                relation.dropped[problem] += 1
                continue
            covered = end
            own_ids = tuple(i for i in same[section.id] if i not in positives)
            relation.drafts.append(
                Draft(
                    f"cross_references/{section.id}/{start}",
                    "cross_references",
                    masked(section.text, start, end, found),
                    positives,
                    own_ids,
                    beside(positives, neighbours, own_ids),
                )
            )
    return relation
