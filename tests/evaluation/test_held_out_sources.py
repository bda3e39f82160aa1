"""Held-out queries of training sources: statutes that were targets in training and those that never were, apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lexfit.config import Params
from lexfit.evaluation.scoring import held_out_sources

DOCUMENTS = [{"id": f"c/{d}", "source": "c", "trained": d != "new"} for d in ("old", "other", "new")]
QUERIES = [
    {"id": "c/1", "source": "c", "positives": ["c/old", "c/new"]},
    {"id": "c/2", "source": "c", "positives": ["c/old"]},
]
GOOD = {q: {"c/old": 3.0, "c/new": 2.0, "c/other": 1.0} for q in ("c/1", "c/2")}
BAD = {q: {"c/old": 1.0, "c/new": 2.0, "c/other": 3.0} for q in ("c/1", "c/2")}


def test_seen_and_unseen_are_scored_by_their_own_positives(make_params: Callable[..., Params]) -> None:
    runs = {"bm25": BAD, "untrained": BAD, "finetuned": GOOD}
    out = held_out_sources(make_params(), runs, QUERIES, DOCUMENTS)["c"]
    assert [out[kind]["queries"] for kind in ("all", "seen", "unseen")] == [2, 2, 1]
    assert out["all"]["methods"]["finetuned"]["ndcg_at_10"] == 1.0
    assert out["seen"]["methods"]["finetuned"]["recip_rank"] == 1.0
    # c/1's other positive is taken out of the ranking: 1 where c/old stands above c/new.
    assert out["unseen"]["methods"]["finetuned"]["recip_rank"] == 1.0
    assert out["seen"]["methods"]["untrained"]["recip_rank"] == pytest.approx((1 / 2 + 1 / 3) / 2, abs=1e-5)


def test_a_kind_without_queries_is_left_out(make_params: Callable[..., Params]) -> None:
    trained = [{**d, "trained": True} for d in DOCUMENTS]
    out = held_out_sources(make_params(), dict.fromkeys(("bm25", "untrained", "finetuned"), GOOD), QUERIES, trained)
    assert set(out["c"]) == {"all", "seen"}
