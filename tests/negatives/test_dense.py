"""Dense mining in shards finds what scoring everything at once finds, and holds one shard only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from lexfit.config import NegativesParams
from lexfit.evaluation.dense import dense_run
from lexfit.evaluation.runs import order
from lexfit.negatives import dense
from lexfit.negatives.dense import dense_candidates
from lexfit.negatives.mining import Pool, mine_query

QUERIES = {f"q{n}": f"query {n} of law" for n in range(7)}
PASSAGES = {f"d{n * 37 % 60}": [f"statute {n} part {p}" for p in range(1 + n % 3)] for n in range(60)}
KNOWN = {"q0": ["d5", "d59"], "q1": ["d1"], "q6": ["without text"]}
# Shards of less than a document, of few passages, that end within the documents, and of everything.
SHARDS = [1, 7, 64, 10_000]


class Letters:
    """An encoder of small whole numbers: its products are exact in any order, and often tied."""

    def __init__(self) -> None:
        self.most_texts = 0

    def _encode(self, texts: list[str], **options: Any) -> torch.Tensor:
        assert options["convert_to_tensor"]
        counts = [[sum(map(ord, text)) % prime for prime in (3, 5, 7)] for text in texts]
        return torch.tensor(counts, dtype=torch.float16)

    encode_query = _encode

    def encode_document(self, texts: list[str], **options: Any) -> torch.Tensor:
        self.most_texts = max(self.most_texts, len(texts))
        return self._encode(texts, **options)

    def similarity(self, queries: torch.Tensor, documents: torch.Tensor) -> torch.Tensor:
        assert queries.dtype == documents.dtype == torch.float32
        return queries @ documents.T


def letters() -> Any:
    return Letters()


@pytest.mark.parametrize("shard", SHARDS)
@pytest.mark.parametrize("block", [2, 1024])
def test_any_shard_gives_the_head_of_the_full_run(shard: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense, "QUERIES", block)
    full = dense_run(letters(), QUERIES, PASSAGES, 4)
    model = letters()
    best = dense_candidates(model, QUERIES, PASSAGES, 9, KNOWN, batch_size=4, shard=shard)
    assert model.most_texts <= max(shard, 3)
    for query_id, scores in full.items():
        known = [d for d in KNOWN.get(query_id, []) if d in PASSAGES]
        expected = {d: scores[d] for d in [*order(scores)[: 9 + len(known)], *known]}
        assert best[query_id] == expected
        assert list(best[query_id])[:9] == order(scores)[:9]


@pytest.mark.parametrize("shard", SHARDS)
@pytest.mark.parametrize("margins", [(None, None), (5.0, None), (None, 0.3), (-3.0, 0.1)])
def test_the_same_negatives_as_from_the_full_run(shard: int, margins: tuple[float | None, float | None]) -> None:
    params = NegativesParams(["dense"], 8, 2, 12, *margins, "uniform")
    full = dense_run(letters(), QUERIES, PASSAGES, 4)
    best = dense_candidates(letters(), QUERIES, PASSAGES, 12, KNOWN, batch_size=4, shard=shard)
    for query_id in QUERIES:
        query = {"id": query_id, "positives": KNOWN.get(query_id, [])}
        mined = [mine_query(query, Pool(list(PASSAGES)), {"dense": run.__getitem__}, params, 1) for run in (full, best)]
        assert mined[0] == mined[1]


def test_a_real_encoder_in_one_shard_and_in_many(tiny_model: Path) -> None:
    encoder = SentenceTransformer(str(tiny_model), device="cpu")
    full = dense_run(encoder, QUERIES, PASSAGES, 4)
    whole = dense_candidates(encoder, QUERIES, PASSAGES, 60, {}, batch_size=4)
    assert whole == full
    parts = dense_candidates(encoder, QUERIES, PASSAGES, 60, {}, batch_size=4, shard=8)
    for query_id, scores in full.items():
        # Padding, which depends on the texts of a batch, moves the last bits of an embedding.
        own = [parts[query_id][d] for d in scores]
        np.testing.assert_allclose(own, list(scores.values()), atol=1e-6)
