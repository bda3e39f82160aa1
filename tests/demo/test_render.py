"""The HTML escapes every text, and says what moved, what is labelled and how much is read."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from lexfit.demo.page import BLANK, about_examples, answer
from lexfit.demo.render import footer, header, results
from tests.demo.conftest import about_it, example_cases

if TYPE_CHECKING:
    from lexfit.demo.side_by_side import SideBySide

FACTS = "The man took goods by theft from a house & was <b>arrested</b>."
VOID = {"input", "img", "br"}


class Tags(HTMLParser):
    """Counts tags, and fails on one that closes what isn't open."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(html: str) -> list[str]:
    parser = Tags()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser.seen


def test_markup_in_statutes_stays_text(demo: SideBySide) -> None:
    html = answer(demo, about_it(), example_cases(), FACTS)
    assert {"script", "img", "b"}.isdisjoint(tags(html))
    assert "&lt;script&gt;" in html


def test_markup_in_the_runs_facts_stays_text() -> None:
    html = header(about_it(), 15) + footer(about_it(), about_examples(example_cases()))
    assert {"small", "b"}.isdisjoint(tags(html))
    assert "lexfit-&lt;small&gt;" in html


def test_the_claim_has_its_interval_and_the_page_says_what_it_is_not() -> None:
    html = footer(about_it(), about_examples(example_cases()))
    assert "fine-tuned 0.435 (95 % interval 0.363 to 0.506), base 0.222, BM25 0.122" in html
    assert "+0.212 (+0.143 to +0.282)" in html
    assert "not legal advice" in html
    assert "not legal advice" in header(about_it(), 15)


def test_every_column_has_its_hits_with_rank_score_and_name(demo: SideBySide) -> None:
    html = answer(demo, about_it(), example_cases(), FACTS)
    assert html.count('class="lf-hit"') == 30
    for method in ("bm25", "base", "finetuned"):
        column = html.partition(f"lf-column-{method}")[2].partition("</section>")[0]
        assert re.findall(r'lf-rank">(\d+)<', column) == [str(n) for n in range(1, 11)]
    assert "<mark>theft</mark>" in html


def test_moves_stand_beside_the_hits_and_add_up(demo: SideBySide) -> None:
    found = demo.compare(FACTS, k=4)
    html = results(found, about_it(), 256)
    kinds: list[str] = [move.kind for move in found.moves]
    assert html.count("new, was ") == kinds.count("new")
    assert html.count("falls to ") == kinds.count("dropped") > 0
    for kind, word in {"new": "new", "dropped": "dropped", "up": "up", "down": "down", "same": "unchanged"}.items():
        assert (f">{kinds.count(kind)} {word}<" in html) == (kind in kinds)


def test_an_examples_labels_are_counted_and_ticked(demo: SideBySide) -> None:
    example = example_cases()[0]
    html = answer(demo, about_it(), example_cases(), f" {example.text}\n")
    assert "labelled with Article S2, Article S14" in html
    told = re.search(r"the first 10 have: BM25 (\d), Base model (\d), Fine-tuned (\d)", html)
    assert told is not None
    assert html.count('title="Labelled"') == sum(map(int, told.groups())) > 0
    assert "labelled with" not in answer(demo, about_it(), example_cases(), example.text + " More.")


def test_a_long_text_is_told_how_much_is_read(demo: SideBySide) -> None:
    html = answer(demo, about_it(), [], ("theft of goods " * 7000)[:100_000])
    assert re.search(r"The models read the first \d+ tokens: \d+ of the 20,00\d words\. BM25 reads them all", html)


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_blank_text_gets_a_hint_and_no_results(demo: SideBySide, text: str) -> None:
    html = answer(demo, about_it(), [], text)
    assert BLANK in html
    assert "lf-hit" not in html


def test_an_endless_text_gets_a_hint(demo: SideBySide) -> None:
    html = answer(demo, about_it(), [], "x" * 200_001)
    assert "This text has 200,001 characters, and at most 200,000 are taken. Shorten it." in html


def test_without_a_claim_the_page_says_why() -> None:
    none = replace(about_it(), claim=None, label="contaminated: the model trained on these queries", clean=False)
    assert none.claim_line() == "No score is claimed: contaminated: the model trained on these queries."
    assert none.caution() == ""


def test_a_model_that_saw_the_queries_is_told_apart_from_what_was_scored() -> None:
    kfold = replace(about_it(), label="contaminated: the final model trained on these queries", clean=False)
    assert "the model on this page is contaminated" in kfold.caution()
    part = replace(about_it(), part={"queries": 5, "of_queries": 60})
    assert part.caution() == "Scored on a drawn part, 5 of 60 queries."


def test_examples_that_trained_are_named() -> None:
    seen = [example._replace(trained=example.id == "x2") for example in example_cases()]
    assert about_examples(seen).endswith("The model trained on x2.")
    assert about_examples(example_cases()).endswith("The model trained on none of them.")
