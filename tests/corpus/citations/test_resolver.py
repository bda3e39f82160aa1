"""Citations in the forms in which Indian judgments write them, and the resolver's precision on labelled ones."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lexfit.corpus.archive import Archive
from lexfit.corpus.citations.acts import ActFinder, load_acts
from lexfit.corpus.citations.passages import year_of
from lexfit.corpus.citations.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Callable

IPC, CONSTITUTION = "Indian Penal Code, 1860", "Constitution of India"
LABELS = Path(__file__).parents[1] / "data" / "citations.jsonl"


@pytest.fixture(scope="module")
def resolver() -> Resolver:
    return Resolver(ActFinder(load_acts()))


def found(resolver: Resolver, text: str, decided: int | None = 1995) -> list[tuple[str, str]]:
    return [(c.act, c.section) for c in resolver.citations(text, decided)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("convicted under Section 302 read with s. 34 I.P.C.", [(IPC, "302"), (IPC, "34")]),
        (
            "charged u/ss. 302/149, 148 & 120-B of the Indian Penal Code",
            [(IPC, s) for s in ("302", "149", "148", "120B")],
        ),
        ("Ss. 420 and 471 of the Penal Code", [(IPC, "420"), (IPC, "471")]),
        ("under Sections 379,406,420 r/w 120-B of the IPC", [(IPC, s) for s in ("379", "406", "420", "120B")]),
        ("a petition under Art. 226 of the Constitution", [(CONSTITUTION, "226")]),
        ("Arts. 14 to 16 of the Constitution of India", [(CONSTITUTION, s) for s in ("14", "15", "16")]),
        ("guaranteed u/art. 19(1)(g) of the Constitution", [(CONSTITUTION, "19")]),
        ("S. 304 Part II of the IPC and S. 27 of the Arms Act", [(IPC, "304"), ("Arms Act, 1959", "27")]),
        ("sub-s. (2) of S. 5 of the Limitation Act, 1963", [("Limitation Act, 1963", "5")]),
        (
            "Section 498 A, IPC and Section 4 of the Dowry Prohibition Act",
            [(IPC, "498A"), ("Dowry Prohibition Act, 1961", "4")],
        ),
        (
            "s. 4 of the Land Acquisition Act, 1894 (hereinafter called 'the Act'). By s. 6 of the Act it was declared",
            [("Land Acquisition Act, 1894", "4"), ("Land Acquisition Act, 1894", "6")],
        ),
        (
            "the Industrial Disputes Act, 1947 applies. Under s. 10 of the said Act the reference was made",
            [("Industrial Disputes Act, 1947", "10")],
        ),
        ("under s. 302 IPC. The charge under S. 302 failed", [(IPC, "302"), (IPC, "302")]),
        (
            "Article 21 of the Constitution. It is said that Art. 32 is itself a right",
            [(CONSTITUTION, "21"), (CONSTITUTION, "32")],
        ),
    ],
)
def test_resolves_the_usual_forms(resolver: Resolver, text: str, expected: list[tuple[str, str]]) -> None:
    assert found(resolver, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Rule 5 of the Service Rules",
        "A.S. 302 of 1995 and O.S. 12 of 1990",
        "Section 7 of the Bombay Rent Act, 1947",
        "Art. 5 of the Constitution of the United States",
        "section 109 of the Australian Constitution",
        "Section 302 alone, with no Act named anywhere",
        "sentenced to 5 years and a fine of Rs. 500",
    ],
)
def test_leaves_out_what_is_no_section_of_a_known_act(resolver: Resolver, text: str) -> None:
    assert found(resolver, text) == []


@pytest.mark.parametrize(
    ("text", "decided", "act"),
    [
        ("Section 482 of the Code of Criminal Procedure", 2001, "Code of Criminal Procedure, 1973"),
        ("S. 342 Cr.P.C.", 1960, "Code of Criminal Procedure, 1898"),
        ("S. 561-A of the Code of Criminal Procedure, 1898", 1990, "Code of Criminal Procedure, 1898"),
        ("s. 5 of the Prevention of Corruption Act", 1970, "Prevention of Corruption Act, 1947"),
        ("s. 13 of the Prevention of Corruption Act, 1988", 1995, "Prevention of Corruption Act, 1988"),
    ],
)
def test_acts_of_one_name_are_told_apart_by_year(resolver: Resolver, text: str, decided: int, act: str) -> None:
    assert [a for a, _ in found(resolver, text, decided)] == [act]


def test_an_act_that_may_be_either_stays_unresolved(resolver: Resolver) -> None:
    assert found(resolver, "Section 164 of the Code of Criminal Procedure", 1976) == []


def _plain(act: str) -> str:
    return " ".join(re.sub(r"\W+", " ", act.lower()).split())


def test_precision_on_labelled_citations_is_at_least_097(
    resolver: Resolver, aila_release: Path, record_property: Callable[[str, object], None]
) -> None:
    archive = Archive(aila_release)
    counts: Counter[str] = Counter()
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        window = json.loads(line)
        text = archive.read(archive.find(f"Object_casedocs/{window['case']}.txt")).decode("utf-8")
        span = text[window["start"] : window["end"]]
        assert hashlib.sha256(span.encode()).hexdigest() == window["sha256"]
        gold = {(c["start"], c["section"], _plain(c["act"])): c["kind"] for c in window["citations"] if c["act"]}
        got = {
            (c.start, c.section, _plain(c.act))
            for c in resolver.citations(text, year_of(text))
            if window["start"] <= c.start < window["end"]
        }
        counts.update(right=len(got & set(gold)), wrong=len(got - set(gold)), labelled=len(gold))
        counts.update(f"{kind} {'found' if key in got else 'missed'}" for key, kind in gold.items())
    precision = counts["right"] / (counts["right"] + counts["wrong"])
    recall = counts["right"] / counts["labelled"]
    record_property("precision", precision)
    record_property("recall", recall)
    assert counts["labelled"] >= 150
    assert precision >= 0.97, counts
    assert recall >= 0.8, counts
