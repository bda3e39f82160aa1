"""What matched: the rarest words are marked, the sentence that shows them is found, lengths are bounded."""

from __future__ import annotations

import numpy as np

from lexfit.demo.excerpts import (
    SHOWN,
    frequencies,
    lexical_excerpt,
    marked,
    nearest_excerpt,
    shortened,
    telling,
    without_title,
)
from lexfit.demo.sentences import Span, sentences
from lexfit.search import Statute

STATUTES = [
    Statute("S1", "Murder", ("Whoever commits murder shall be punished with death or imprisonment for life.",)),
    Statute("S2", "Theft", ("Whoever takes goods commits theft.", "A person who takes goods from a house by night.")),
    Statute("S3", "Cheques", ("Where a cheque is returned by the bank unpaid, its drawer shall be punished.",)),
]


def test_the_rarest_words_in_common_are_telling() -> None:
    frequency = {"the": 90, "court": 20, "cheque": 1, "bank": 4, "unpaid": 1}
    found = telling(frequency, frequency, 100)
    assert list(found) == ["cheque", "unpaid", "bank"]
    assert found["cheque"] == found["unpaid"] > found["bank"] > 0
    many = dict.fromkeys("hgfedcba", 1)
    assert list(telling(many, many, 100)) == list("abcdef")


def test_where_all_words_are_common_the_rarest_stands_alone() -> None:
    assert list(telling({"the", "of"}, {"the": 90, "of": 80}, 100)) == ["of"]
    assert telling((), {}, 100) == {}


def test_a_word_counts_once_a_passage() -> None:
    assert frequencies(STATUTES)["goods"] == 2
    assert frequencies(STATUTES)["punished"] == 2
    assert frequencies(STATUTES)["neighbour"] == 0


def test_the_sentence_with_the_words_is_shown_and_they_are_marked() -> None:
    passage = (
        "Every court shall sit in public unless the law provides otherwise. "
        "A cheque that the bank returns unpaid shall be presented again within six months. "
        "The drawer shall be heard before any order is made against him."
    )
    found = lexical_excerpt(passage, {"cheque": 3.0, "unpaid": 2.0})
    assert "".join(text for text, _ in found.segments).startswith("A cheque that the bank returns unpaid")
    assert [text for text, is_marked in found.segments if is_marked] == ["cheque", "unpaid"]
    assert (found.before, found.after, found.words) == (True, True, ("cheque", "unpaid"))


def test_without_a_common_word_the_start_is_shown_and_nothing_marked() -> None:
    found = lexical_excerpt("No word of it is in the query at all, not a single one.", {})
    assert (found.before, found.words) == (False, ())
    assert not any(is_marked for _, is_marked in found.segments)


def test_a_long_sentence_is_cut_between_words_around_what_matched() -> None:
    text = "filler " * 200 + "cheque " + "filler " * 200
    found = lexical_excerpt(text, {"cheque": 1.0})
    shown = "".join(piece for piece, _ in found.segments)
    assert len(shown) <= SHOWN
    assert "cheque" in shown.split()
    assert set(shown.split()) == {"filler", "cheque"}
    assert found.before
    assert found.after


def test_of_a_long_sentence_the_part_with_the_rarest_words_is_shown() -> None:
    text = "years " + "filler " * 100 + "cheque and unpaid " + "filler " * 100
    found = lexical_excerpt(text, {"cheque": 4.0, "unpaid": 3.0, "years": 1.0})
    assert [piece for piece, is_marked in found.segments if is_marked] == ["cheque", "unpaid"]


def test_one_endless_word_is_cut_too() -> None:
    span = shortened("x" * 5000, Span(0, 5000), 0)
    assert 0 < span.end - span.start <= SHOWN


def test_the_nearest_sentence_is_shown() -> None:
    text = "The first sentence is about courts and judges. The second sentence is about cheques and banks."
    found = nearest_excerpt(text, sentences(text), np.array([0.1, 0.7]))
    assert found.segments == (("The second sentence is about cheques and banks.", False),)
    assert nearest_excerpt("short", [], None).segments == (("short", False),)


def test_marks_are_whole_words_in_any_case() -> None:
    text = "Theft, THEFT and thefts"
    assert marked(text, Span(0, len(text)), ("theft",)) == (
        ("Theft", True),
        (", ", False),
        ("THEFT", True),
        (" and thefts", False),
    )


def test_a_title_that_begins_the_passage_is_left_out() -> None:
    assert without_title(Statute("1", "Theft", ()), "Theft Whoever takes") == "Whoever takes"
    assert without_title(Statute("1", "", ()), "Whoever takes") == "Whoever takes"
