"""Side by side: the columns are search's rankings, what moved is true of them, nothing unread is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lexfit.demo.side_by_side import MOST, SideBySide
from lexfit.errors import LexfitError
from lexfit.search import Bm25, Dense, Statute, rank
from tests.demo.conftest import statutes

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from lexfit.search.rankers import Method
    from lexfit.search.ranking import Ranker

FACTS = "The man took goods by theft from a house and was arrested; the cheque was not paid."
Models = tuple["SentenceTransformer", "SentenceTransformer"]


def test_each_column_is_what_search_ranks(demo: SideBySide, models: Models) -> None:
    found = demo.compare(FACTS, k=5)
    rankers: dict[Method, Ranker] = {
        "bm25": Bm25(statutes()),
        "base": Dense(models[0], statutes()),
        "finetuned": Dense(models[1], statutes()),
    }
    assert list(found.columns) == list(rankers)
    for method, ranker in rankers.items():
        expected = rank(ranker, FACTS, 5)
        assert [hit.hit.statute.id for hit in found.columns[method]] == [hit.statute.id for hit in expected]
        assert [hit.hit.score for hit in found.columns[method]] == pytest.approx([h.score for h in expected], abs=1e-6)


def test_moves_are_between_the_columns_of_the_two_models(demo: SideBySide) -> None:
    found = demo.compare(FACTS, k=5)
    before, after = ([hit.hit.statute.id for hit in found.columns[method]] for method in ("base", "finetuned"))
    assert before != after
    assert [move.id for move in found.moves if move.kind != "dropped"] == after
    for move in found.moves:
        assert (move.before <= 5) == (move.id in before)
        assert (move.after <= 5) == (move.id in after)
        if move.id in before:
            assert before[move.before - 1] == move.id


def test_the_models_show_a_sentence_of_the_passage_without_its_title(demo: SideBySide) -> None:
    for method in ("base", "finetuned"):
        for hit in demo.compare(FACTS).columns[method]:
            shown = "".join(text for text, _ in hit.excerpt.segments)
            assert shown in hit.hit.passage
            assert not shown.startswith("Of ")
            assert not hit.excerpt.words


def test_a_sentence_that_the_model_does_not_read_is_never_shown(models: Models) -> None:
    read = models[0].max_seq_length
    far = "The hidden clause about theft and goods stands at the very end of it."
    long = Statute("long", "", ("The first clause speaks of nothing. " + "word " * (2 * read) + ". " + far,))
    known = [*statutes(), long]
    demo = SideBySide(Bm25(known), Dense(models[0], known), Dense(models[1], known))
    found = demo.compare(far, k=len(known)).columns
    shown = {
        method: "".join(text for hit in found[method] if hit.hit.statute is long for text, _ in hit.excerpt.segments)
        for method in ("bm25", "base", "finetuned")
    }
    assert "hidden" in shown["bm25"]
    assert shown["base"]
    assert "hidden" not in shown["base"] + shown["finetuned"]


def test_a_long_text_is_ranked_and_what_is_unread_counted(demo: SideBySide) -> None:
    long = ("theft of goods " * 7000)[:100_000]
    found = demo.compare(long)
    assert found.words == len(long.split())
    assert 0 < found.words - found.unread <= demo.reads
    assert found.columns["bm25"][0].hit.statute.id == "S2"


def test_blank_and_endless_texts_are_refused(demo: SideBySide) -> None:
    with pytest.raises(LexfitError, match="is blank"):
        demo.compare(" \n\t")
    with pytest.raises(LexfitError, match=r"at most 200,000"):
        demo.compare("x" * (MOST + 1))


def test_rankers_of_other_statutes_are_refused(models: Models) -> None:
    few = statutes()[:3]
    with pytest.raises(ValueError, match="same statutes"):
        SideBySide(Bm25(few), Dense(models[0], statutes()), Dense(models[1], statutes()))
