"""Sentences cover a statute's words, in order, and keep to what is read."""

from __future__ import annotations

import pytest

from lexfit.demo.sentences import SHORTEST, sentences

TEXT = (
    "(1) No person shall be deprived of his property save by authority of law.\n(2) Nothing in this article shall "
    "affect: (a) the provisions of any existing law; (b) the right of the State to levy a tax upon such property as it "
    "may need."
)


def pieces(text: str, upto: int | None = None) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text, upto)]


def test_clauses_are_sentences_and_short_ones_join_the_next() -> None:
    assert pieces(TEXT) == [
        "(1) No person shall be deprived of his property save by authority of law.",
        "(2) Nothing in this article shall affect:",
        "(a) the provisions of any existing law; "
        "(b) the right of the State to levy a tax upon such property as it may need.",
    ]


@pytest.mark.parametrize("text", [TEXT, "One. Two. Three.", "no stop at all", "Ends short; " + "word " * 20 + ". End."])
def test_no_word_is_lost_and_none_stands_twice(text: str) -> None:
    assert " ".join(pieces(text)).split() == text.split()


def test_a_short_end_joins_what_comes_before_it() -> None:
    found = pieces("The tribunal shall hear both sides before it decides. Always.")
    assert found == ["The tribunal shall hear both sides before it decides. Always."]


def test_nothing_beyond_what_is_read_is_a_sentence() -> None:
    found = sentences(TEXT, upto=90)
    assert found[-1].end <= 90
    assert found[-1].end > 90 - SHORTEST


@pytest.mark.parametrize("text", ["", "  \n "])
def test_a_blank_text_has_no_sentence(text: str) -> None:
    assert sentences(text) == []
    assert sentences("words", upto=0) == []
