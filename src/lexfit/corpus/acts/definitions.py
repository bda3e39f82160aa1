"""Terms that an Act defines: the term with the Act finds the section that defines it, the term alone what it means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lexfit.corpus.acts.drafts import Draft, Relation, beside, twins
from lexfit.corpus.acts.sections import slug

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lexfit.corpus.acts.sections import Section

# The quotation marks that the Acts' texts have: straight, curly, and two single ones for a double.
DOUBLE, SINGLE = '"\u201c\u201d', "'\u2018\u2019"
QUOTE = f"(?:[{DOUBLE}]|[{SINGLE}]{{1,2}})"
# (a) “term”, in relation to something, means …
DEFINITION = re.compile(
    rf"(?:\(\w{{1,5}}\)\s*)?{QUOTE}(?P<term>[A-Za-z][^{DOUBLE};:]{{1,80}}?){QUOTE},?\s*"
    rf"(?P<rest>(?:(?:in|with|when|used|for|as)\b[^;:{DOUBLE}]{{2,100}}?,?\s*[,—-]*\s*)?"
    r"(?:means?|includes?|denotes?|signif(?:y|ies)|shall\s+(?:mean|include|have\s+the)|(?:has|have)\s+the)\b)"
)
# What follows a definition without being one: the next sub-section, or a clause whose form isn't known.
NEXT = re.compile(rf"[.;]\s*(?:and\s+)?(?:\(\d+\)\s+[A-Z]|\(\w{{1,5}}\)\s*{QUOTE}[A-Za-z])")
TAIL = re.compile(r"[\s;,.]*(?:\band\b)?[\s;,.]*(?:\(\w{1,5}\)\s*)?$")


class Definition(NamedTuple):
    """A term, what the Act says that it means (without the term's first mention), and the section that says it."""

    id: str
    act: str
    section: str
    term: str
    text: str


def definitions_of(section: Section) -> Iterator[Definition]:
    """The definitions of a section; each ends where the next begins."""
    found = list(DEFINITION.finditer(section.text))
    seen: set[str] = set()
    for place, match in enumerate(found):
        end = found[place + 1].start() if place + 1 < len(found) else len(section.text)
        term = match.group("term").strip(f" ,{SINGLE}")
        if not term or slug(term) in seen:
            continue
        seen.add(slug(term))
        text = TAIL.sub("", NEXT.split(section.text[match.start("rest") : end], maxsplit=1)[0])
        yield Definition(f"{section.id}/{slug(term)}", section.act, section.id, term, text)


def definition_sections(found: list[Definition], neighbours: dict[str, list[str]]) -> Relation:
    """Term and Act as query, the section that defines the term as document; the definition's own text is related."""
    relation = Relation(len(found))
    for item in found:
        near = beside([item.section], neighbours, ())
        text = f"“{item.term}” in {item.act}"
        relation.drafts.append(Draft(f"definitions/{item.id}", "definitions", text, (item.section,), (item.id,), near))
    return relation


def definition_texts(sections: list[Section], found: list[Definition], reach: int, min_words: int) -> Relation:
    """Term as query, what it means as document; the whole section is related, definitions beside it are near."""
    same, relation = twins(sections), Relation(len(found))
    for place, item in enumerate(found):
        if len(item.text.split()) < min_words:
            relation.dropped["short"] += 1
            continue
        around = found[max(0, place - reach) : place + reach + 1]
        near = tuple(d.id for d in around if d.section == item.section and d.id != item.id)
        draft_id = f"definition_texts/{item.id}"
        relation.drafts.append(Draft(draft_id, "definition_texts", item.term, (item.id,), same[item.section], near))
    return relation
