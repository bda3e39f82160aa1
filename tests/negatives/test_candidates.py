"""Mining from the best documents gives what mining from the full ranking gives, whatever the parameters."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexfit.config import NegativesParams
from lexfit.evaluation.runs import bm25_run, max_passage, order
from lexfit.negatives.candidates import Candidates, Documents, bm25_candidates
from lexfit.negatives.mining import Pool, mine_query

WORDS = [f"w{n}" for n in range(9)]


def make_passages(seed: int, most: int) -> dict[str, list[str]]:
    """Documents in no order of ids, of one to `most` passages, from few words so that scores are tied."""
    draw = random.Random(seed)
    ids = [f"d{n}" for n in range(25)]
    draw.shuffle(ids)
    return {d: [" ".join(draw.choices(WORDS, k=4)) for _ in range(draw.randint(1, most))] for d in ids}


params_of_mining = st.builds(
    lambda per_query, first, more, absolute, relative: NegativesParams(
        ["bm25"], per_query, first, first + more, absolute, relative, "rank"
    ),
    per_query=st.integers(1, 30),
    first=st.integers(1, 5),
    more=st.integers(0, 30),
    absolute=st.sampled_from([None, -0.5, 0.0, 0.5]),
    relative=st.sampled_from([None, 0.0, 0.1, 0.5]),
)


@given(
    seed=st.integers(0, 1000),
    most=st.sampled_from([1, 3]),
    positives=st.sets(st.sampled_from([*(f"d{n}" for n in range(25)), "without text"]), max_size=6),
    params=params_of_mining,
)
def test_the_same_negatives_as_from_the_full_ranking(
    seed: int, most: int, positives: set[str], params: NegativesParams
) -> None:
    passages = make_passages(seed, most)
    query = {"id": "q", "positives": sorted(positives)}
    texts = {"q": " ".join(random.Random(-seed).choices([*WORDS, "unseen"], k=3))}
    full = bm25_run(texts, passages)
    best = bm25_candidates(texts, passages, params.rank_max, {"q": positives})
    assert len(best["q"]) <= params.rank_max + 2 * len(positives)
    mined = [mine_query(query, Pool(list(passages)), {"bm25": run.__getitem__}, params, 1) for run in (full, best)]
    assert mined[0] == mined[1]


@given(seed=st.integers(0, 1000), most=st.sampled_from([1, 3]), depth=st.integers(1, 30))
def test_candidates_are_the_head_of_the_run_in_its_order(seed: int, most: int, depth: int) -> None:
    passages, texts = make_passages(seed, most), {"q": "w1 w2 w2", "r": "unseen"}
    full, best = bm25_run(texts, passages), bm25_candidates(texts, passages, depth, {})
    assert {q: list(scores) for q, scores in best.items()} == {q: order(full[q])[:depth] for q in texts}
    assert all(full[q][d] == score for q, scores in best.items() for d, score in scores.items())


@given(seed=st.integers(0, 1000), most=st.sampled_from([1, 3]), size=st.integers(1, 80), depth=st.integers(1, 30))
def test_scores_may_come_span_by_span_in_any_order(seed: int, most: int, size: int, depth: int) -> None:
    documents = Documents(make_passages(seed, most))
    scores = np.random.default_rng(seed).integers(0, 6, len(documents.texts)).astype(np.float32)
    spans = list(documents.shards(size))
    assert [place for span in spans for place in range(*span)] == list(range(25))
    random.Random(seed).shuffle(spans)
    candidates = Candidates(documents, depth, ["q"], {"q": ["d3", "d4", "nowhere"]})
    for first, last in spans:
        passages = slice(documents.starts[first], documents.starts[last])
        assert last - first == 1 or passages.stop - passages.start <= size
        candidates.add("q", scores[passages], first, last)
    owners = [d for n, d in enumerate(documents.ids) for _ in range(documents.starts[n + 1] - documents.starts[n])]
    full = max_passage(scores, owners)
    expected = {d: full[d] for d in order(full)[: depth + 2]}
    assert candidates.run() == {"q": {**expected, "d3": full["d3"], "d4": full["d4"]}}


def test_a_document_without_passages_is_refused() -> None:
    with pytest.raises(ValueError, match="'empty' has no passage"):
        Documents({"d": ["text"], "empty": []})
