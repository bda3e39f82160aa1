"""What gives a statute away is gone from a masked passage; facts stay word for word."""

from __future__ import annotations

from lexfit.corpus.citations.masking import masked
from lexfit.corpus.citations.passages import body_of, passages, year_of

FACTS = "The accused struck the deceased with an axe on 4.5.1990 and ran away."


def test_numbers_and_acts_are_gone_and_facts_stay() -> None:
    text = f"{FACTS} He was charged under Sections 302 and 34 of the Indian Penal Code, 1860, and S. 27 Arms Act."
    out = masked(text)
    assert out.startswith(FACTS)
    assert not [word for word in ("302", "34", "27", "Penal", "Arms", "1860") if word in out]


def test_unresolved_citations_and_unknown_acts_are_masked_too() -> None:
    out = masked("Under Section 13A(2) of the Bombay Rent Act, 1947 the suit was decreed. Section 28 bars it.")
    assert "13A" not in out and "Bombay" not in out and "28" not in out
    assert "the suit was decreed" in out


def test_the_statutes_own_title_is_masked_in_any_case_but_single_words_stay() -> None:
    out = masked("It was a Dowry Death within seven years, a murder.", ["dowry death", "Murder"])
    assert out == "It was a the law within seven years, a murder."


def test_text_without_law_is_unchanged() -> None:
    assert masked(FACTS) == FACTS


HEAD = "Ram v State\nSupreme Court of India\n\n11 July 2001\nThe Judgment was delivered by : Ruma Pal, J\n"


def test_head_and_paragraph_numbers_are_left_out() -> None:
    text = f"{HEAD}1. The appellant was tried.\n2. He was convicted."
    assert year_of(text) == 2001
    assert body_of(text) == "The appellant was tried.\nHe was convicted."


def test_passages_follow_each_other_and_short_ends_are_dropped() -> None:
    words = [f"w{i}" for i in range(130)]
    found = passages(" ".join(words), 3, 50)
    assert [len(p.split()) for p in found] == [50, 50]
    assert " ".join(found).split() == words[:100]
    assert passages(" ".join(words), 1, 50) == [" ".join(words[:50])]
