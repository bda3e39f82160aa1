"""Negatives respect ranks and margins, keep their scores, and are never known positives."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexfit.config import NegativesParams, Params
from lexfit.negatives.mining import Mined, Pool, draw_random, fuse, mine_query, rank_candidates

PARAMS = NegativesParams(["bm25", "dense", "random"], 3, 1, 50, None, None, "uniform")
SCORES = {"p": 0.9, "a": 0.95, "b": 0.8, "c": 0.5, "d": 0.1}


def with_(**changes: object) -> NegativesParams:
    return dataclasses.replace(PARAMS, **changes)  # type: ignore[arg-type]


def test_ranks_count_non_positives_and_scores_are_kept() -> None:
    kept, dropped = rank_candidates(SCORES, {"p"}, with_(rank_min=2, rank_max=3))
    assert kept == {"b": Mined(2, 0.8, 0.9), "c": Mined(3, 0.5, 0.9)}
    assert dropped == {"rank": 2, "margin": 0}


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"absolute_margin": 0.1}, "bcd"),
        ({"absolute_margin": 0.2}, "cd"),
        ({"relative_margin": 0.2}, "cd"),
        ({"relative_margin": 0.0}, "bcd"),
        ({}, "abcd"),
    ],
)
def test_margins_to_the_positive(changes: dict[str, float], kept: str) -> None:
    assert set(rank_candidates(SCORES, {"p"}, with_(**changes))[0]) == set(kept)


def test_fusion_is_reciprocal_rank_and_keeps_each_miners_view() -> None:
    mined = {
        "bm25": {"a": Mined(1, 9.0, 8.0), "b": Mined(2, 7.0, 8.0)},
        "dense": {"b": Mined(1, 0.6, 0.7), "c": Mined(2, 0.5, 0.7)},
    }
    fused = fuse(mined, 2)
    assert [doc_id for doc_id, _ in fused] == ["b", "a"]
    assert fused[0][1] == {"bm25": Mined(2, 7.0, 8.0), "dense": Mined(1, 0.6, 0.7)}


def test_random_draws_repeat_by_seed_and_differ_by_query() -> None:
    docs = [f"d{i}" for i in range(50)]
    assert draw_random(Pool(docs), {"d1"}, 5, "1/q") == draw_random(Pool(docs), {"d1"}, 5, "1/q")
    assert draw_random(Pool(docs), {"d1"}, 5, "1/q") != draw_random(Pool(docs), {"d1"}, 5, "1/r")
    assert len(draw_random(Pool(docs), set(docs[:-2]), 5, "1/q")) == 2


@given(st.integers(0, 30), st.sets(st.integers(0, 40), max_size=12), st.integers(1, 12))
def test_a_random_draw_is_one_from_the_list_of_documents_that_are_no_positives(
    size: int, positives: set[int], count: int
) -> None:
    docs, known = [f"d{i}" for i in range(size)], {f"d{i}" for i in positives}
    rest = [d for d in docs if d not in known]
    drawn = draw_random(Pool(docs), known, count, "1/q")
    assert list(drawn) == random.Random("1/q").sample(rest, min(count, len(rest)))
    assert [m.rank for m in drawn.values()] == list(range(1, len(drawn) + 1))


@given(
    positives=st.sets(st.sampled_from("abcdefgh"), max_size=7),
    scores=st.lists(st.floats(-1, 1, allow_nan=False), min_size=8, max_size=8),
    miners=st.sets(st.sampled_from(["bm25", "dense", "random"]), min_size=1),
)
def test_a_known_positive_is_never_a_negative(positives: set[str], scores: list[float], miners: set[str]) -> None:
    by_doc = dict(zip("abcdefgh", scores, strict=True))
    query = {"id": "q", "positives": sorted(positives)}
    scorers = {"bm25": lambda _: by_doc, "dense": lambda _: by_doc}
    records, _ = mine_query(query, Pool(list(by_doc)), scorers, with_(miners=sorted(miners), per_query=8), 1)
    assert not {r["doc_id"] for r in records} & positives
    assert len(records) == 8 - len(positives)


def test_composed_margins_reach_the_miner(make_params: Callable[..., Params]) -> None:
    params = make_params("negatives.relative_margin=0.05", "negatives.rank_min=3").negatives
    assert (params.relative_margin, params.rank_min) == (0.05, 3)
