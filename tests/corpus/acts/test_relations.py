"""Titles, cross-references and definitions of a small Act give the queries they should, and count what they drop."""

from __future__ import annotations

import gzip
import json

import pytest

from lexfit.corpus.acts.definitions import definition_sections, definition_texts, definitions_of
from lexfit.corpus.acts.drafts import Draft, Relation, draw, merged
from lexfit.corpus.acts.references import cross_references, references
from lexfit.corpus.acts.sections import (
    Section,
    choose_sections,
    neighbours,
    read_sections,
    says_nothing,
    without_heading,
)
from lexfit.corpus.acts.titles import titles
from lexfit.errors import LexfitError


def section(number: str, title: str, text: str, act: str = "The Ferries Act, 1878") -> Section:
    return Section(f"{act.split()[1].lower()}/{number.lower()}", act, number, title, text)


FERRIES = [
    section(
        "2",
        "Definitions",
        "In this Act,— (a) “ferry” includes a bridge of boats; and (b) “toll”, in relation to a ferry, means what is "
        "charged for a crossing. (2) Words not defined here have their usual meaning.",
    ),
    section("3", "Closing", "The Magistrate may close a ferry that is let under section 5 or section 4."),
    section("4", "Tolls", "Tolls shall be levied at rates which the Magistrate sets."),
    section(
        "5",
        "Letting of ferries",
        "A ferry may be let for a term under sub-section (2) of section 3; section 12 of the Indian Contract Act, 1872 "
        "does not apply. Sections 3 to 5 and, so far as may be, section 99 do, and so does section 5.",
    ),
]


def accounted(relation: Relation) -> bool:
    return relation.candidates == len(relation.drafts) + relation.dropped.total()


@pytest.mark.parametrize(
    ("title", "text", "reason"),
    [
        ("[Repealed.]", "Rep. by Act 10 of 1914.", "repealed_or_omitted"),
        ("3 and 4 Omitted", "a b c d e f g h i", "repealed_or_omitted"),
        ("Sale defined", "[Sale defined. Rep. by s. 65, ibid.", "repealed_or_omitted"),
        ("Vacancies", "H. [Vacancies. Omitted by s. 171, ibid. (w.e.f. 26-5-2017).", "repealed_or_omitted"),
        ("Repeal", "The Emigration Act, 1922 is hereby repealed, and so is what was done under it.", None),
        ("Library", "The library shall be at Patna.", "short"),
    ],
)
def test_sections_that_say_nothing_are_known(title: str, text: str, reason: str | None) -> None:
    assert says_nothing(section("1", title, text), 8) == reason


def test_a_heading_is_taken_off() -> None:
    assert without_heading("42. Alternate punishment.-- Where an act", "Alternate punishment") == "Where an act"
    assert without_heading("(1) Where an act", "Alternate punishment") == "(1) Where an act"
    assert without_heading("(1) The Registrar shall keep", "The Registrar") == "(1) The Registrar shall keep"


def test_second_sections_of_a_number_and_broken_lines() -> None:
    line = {"act": "The X Act", "section": "1", "title": "T", "text": "one"}
    data = gzip.compress("\n".join(map(json.dumps, [line, line])).encode())
    assert [s.id for s in read_sections(data, "f")] == ["the-x-act/1", "the-x-act/1-2"]
    with pytest.raises(LexfitError, match="f:2: lacks act"):
        list(read_sections(gzip.compress("\n".join(map(json.dumps, [line, {"act": "a"}])).encode()), "f"))


def test_acts_are_chosen_by_part_of_their_title() -> None:
    other = section("1", "T", "one two three", "The Bridges Act, 1900")
    kept, dropped = choose_sections([*FERRIES, other], ["ferries"], 1, "k")
    assert kept == FERRIES
    assert dropped == {"act_not_chosen": 1}
    with pytest.raises(LexfitError, match=r"k: no Act's title has 'The Ferry Act, 1878'.*The Ferries Act, 1878"):
        choose_sections(FERRIES, ["The Ferry Act, 1878"], 1, "k")


def test_neighbours_stay_within_their_act() -> None:
    other = section("1", "T", "one", "The Bridges Act, 1900")
    found = neighbours([*FERRIES[:3], other], 2)
    assert found["ferries/3"] == ["ferries/2", "ferries/4"]
    assert found["ferries/2"] == ["ferries/3", "ferries/4"]
    assert found["bridges/1"] == []


def test_a_title_finds_its_section_and_those_of_the_same_text() -> None:
    twin = section("9", "Rates", FERRIES[2].text, "The Bridges Act, 1900")
    relation = merged(titles([*FERRIES, twin], neighbours(FERRIES, 1)), 5)
    tolls = next(d for d in relation.drafts if d.text == "Tolls")
    assert tolls.positives == ("ferries/4", "bridges/9")
    assert tolls.near == ("ferries/3", "ferries/5")
    assert accounted(relation)


def test_a_title_of_many_sections_is_dropped_and_counted() -> None:
    many = [section("2", "Definitions", f"text {n}", f"The {n} Act") for n in range(3)]
    relation = merged(titles(many, {}), 2)
    assert (relation.drafts, relation.dropped["too_common"]) == ([], 3)
    assert merged(titles(many, {}), 3).drafts[0].positives == ("0/2", "1/2", "2/2")


def test_references_know_lists_other_laws_and_ranges() -> None:
    text = (
        "sections 3, 4A and 5(2); section 6 or section 12 of the Code; sections 3 to 9 of this Act; section 2 thereof"
    )
    assert [(r.numbers, r.problem) for r in references(text)] == [
        (("3", "4A", "5"), None),
        (("6", "12"), "other_law"),
        (("3", "9"), "range"),
        (("2",), "other_law"),
    ]


def test_a_passage_finds_what_it_refers_to_and_never_rejects_its_own_section() -> None:
    relation = merged(cross_references(FERRIES, neighbours(FERRIES, 1), 5, 40), 5)
    close = next(d for d in relation.drafts if d.id.startswith("cross_references/ferries/3/"))
    assert close.text == "The Magistrate may close a ferry that is let under section N."
    assert set(close.positives) == {"ferries/5", "ferries/4"}
    assert close.related == ("ferries/3",)
    assert "ferries/3" not in close.near
    assert accounted(relation)
    assert {k: v for k, v in relation.dropped.items() if v} == {
        "other_law": 1,
        "range": 1,
        "no_such_section": 1,
        "own_section": 1,
    }


def test_definitions_end_where_the_next_thing_begins() -> None:
    found = list(definitions_of(FERRIES[0]))
    assert [(d.term, d.text) for d in found] == [
        ("ferry", "includes a bridge of boats"),
        ("toll", "in relation to a ferry, means what is charged for a crossing"),
    ]


def test_a_term_finds_its_section_with_the_act_and_its_meaning_without() -> None:
    found = list(definitions_of(FERRIES[0]))
    by_section = merged(definition_sections(found, neighbours(FERRIES, 1)), 5)
    assert by_section.drafts[0].text == "“ferry” in The Ferries Act, 1878"
    assert by_section.drafts[0].positives == ("ferries/2",)
    texts = merged(definition_texts(FERRIES, found, 1, 5), 5)
    ferry = texts.drafts[0]
    assert (ferry.text, ferry.positives, ferry.related) == ("ferry", ("ferries/2/ferry",), ("ferries/2",))
    assert ferry.near == ("ferries/2/toll",)
    assert accounted(by_section)
    assert accounted(texts)


def test_a_draw_is_the_seeds_and_counts_the_rest() -> None:
    relation = Relation(10, [Draft(str(n), "titles", str(n), ("d",)) for n in range(10)])
    drawn = draw(relation, 4, 1, "titles")
    assert drawn == draw(relation, 4, 1, "titles")
    assert drawn.drafts != draw(relation, 4, 2, "titles").drafts
    assert accounted(drawn)
    assert draw(relation, None, 1, "titles") is relation
