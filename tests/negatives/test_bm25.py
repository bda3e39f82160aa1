"""BM25 scores are rank-bm25's own, to the last bit, and so is the order."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from lexfit.corpus.ngrams import words
from lexfit.evaluation.runs import bm25_run
from lexfit.negatives.bm25 import Okapi

TEXTS = [
    "The court held that the tax was void.",
    "A contract with a minor.",
    "The tax on land and the court's power to tax.",
]
# Few words: most texts share some, so that idf is often negative, and scores are often tied.
VOCABULARY = [f"w{n}" for n in range(12)]
some_words = st.lists(st.sampled_from([*VOCABULARY, "unseen"]), max_size=12).map(" ".join)


def reference(texts: list[str]) -> BM25Okapi:
    return BM25Okapi([words(text) or [""] for text in texts])


def make_texts(count: int, seed: int) -> list[str]:
    """Texts whose words are as unevenly frequent as those of language."""
    draw = random.Random(seed)
    return [" ".join(f"w{int(draw.paretovariate(0.7))}" for _ in range(draw.randint(1, 80))) for _ in range(count)]


def test_scores_equal_rank_bm25() -> None:
    tokens = [
        ["the", "court", "held", "that", "the", "tax", "was", "void"],
        ["a", "contract", "with", "a", "minor"],
        ["the", "tax", "on", "land", "and", "the", "court", "s", "power", "to", "tax"],
    ]
    expected = BM25Okapi(tokens).get_scores(["tax", "the", "minor"])
    np.testing.assert_array_equal(Okapi(TEXTS).scores("Tax the MINOR!"), expected)


@given(texts=st.lists(some_words, min_size=1, max_size=20), query=some_words)
def test_scores_are_bit_identical_whatever_the_texts(texts: list[str], query: str) -> None:
    scores = Okapi(texts).scores(query)
    assert scores.dtype == np.float64
    assert scores.tobytes() == reference(texts).get_scores(words(query)).tobytes()


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_bit_identical_with_rare_and_common_terms(seed: int) -> None:
    texts = make_texts(400, seed)
    index, expected = Okapi(texts), reference(texts)
    assert sum("w1" in counts for counts in expected.doc_freqs) > 200, "no idf would be negative"
    for query in make_texts(20, seed + 100):
        assert index.scores(query).tobytes() == expected.get_scores(words(query)).tobytes()


@pytest.mark.parametrize(
    ("texts", "query"),
    [
        (["", "tax", "..."], "tax"),
        (["", ""], "tax"),
        (TEXTS, ""),
        (TEXTS, "unseen words only"),
        (TEXTS, "tax tax tax the tax"),
        (["same same", "same", "same other"], "same"),
        (["one text"], "one one text"),
    ],
    ids=["empty texts", "only empty texts", "empty query", "unknown", "repeated", "negative idf", "one text"],
)
def test_edge_cases_equal_rank_bm25(texts: list[str], query: str) -> None:
    assert Okapi(texts).scores(query).tobytes() == reference(texts).get_scores(words(query)).tobytes()


@given(
    texts=st.lists(some_words, min_size=1, max_size=20),
    queries=st.lists(some_words, max_size=4),
    k=st.integers(1, 25),
)
def test_top_k_is_the_full_order_of_rank_bm25_with_ties_by_position(
    texts: list[str], queries: list[str], k: int
) -> None:
    positions, scores = Okapi(texts).top_k(queries, k)
    assert positions.shape == scores.shape == (len(queries), min(k, len(texts)))
    assert positions.dtype == np.dtype(np.int32)
    assert scores.dtype == np.dtype(np.float64)
    for row, query in enumerate(queries):
        full = reference(texts).get_scores(words(query))
        order = sorted(range(len(texts)), key=lambda n: (-full[n], n))[:k]
        assert positions[row].tolist() == order
        assert scores[row].tolist() == full[order].tolist()


def test_no_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one text"):
        Okapi([])


def test_split_documents_score_by_their_best_passage() -> None:
    run = bm25_run({"q": "tax on land"}, {"whole": [TEXTS[1]], "split": [TEXTS[0], TEXTS[2]]})
    scores = Okapi([TEXTS[1], TEXTS[0], TEXTS[2]]).scores("tax on land")
    assert run["q"] == {"whole": scores[0], "split": max(scores[1], scores[2])}
