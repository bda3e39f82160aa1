"""BM25 scores are rank-bm25's own."""

from __future__ import annotations

import numpy as np
from rank_bm25 import BM25Okapi

from lexfit.evaluation.runs import bm25_run
from lexfit.negatives.bm25 import Okapi

TEXTS = [
    "The court held that the tax was void.",
    "A contract with a minor.",
    "The tax on land and the court's power to tax.",
]


def test_scores_equal_rank_bm25() -> None:
    tokens = [
        ["the", "court", "held", "that", "the", "tax", "was", "void"],
        ["a", "contract", "with", "a", "minor"],
        ["the", "tax", "on", "land", "and", "the", "court", "s", "power", "to", "tax"],
    ]
    expected = BM25Okapi(tokens).get_scores(["tax", "the", "minor"])
    np.testing.assert_array_equal(Okapi(TEXTS).scores("Tax the MINOR!"), expected)


def test_split_documents_score_by_their_best_passage() -> None:
    run = bm25_run({"q": "tax on land"}, {"whole": [TEXTS[1]], "split": [TEXTS[0], TEXTS[2]]})
    scores = Okapi([TEXTS[1], TEXTS[0], TEXTS[2]]).scores("tax on land")
    assert run["q"] == {"whole": scores[0], "split": max(scores[1], scores[2])}
