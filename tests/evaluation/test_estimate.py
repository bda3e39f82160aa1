"""The estimate counts the tokens that the model reads, each text once, and grows with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sentence_transformers import SentenceTransformer

from lexfit.evaluation.estimate import announcement, estimate, read_tokens, seconds_per_token

TEXTS = [f"the appellant number {n} was charged with theft" for n in range(30)]


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> SentenceTransformer:
    return SentenceTransformer(str(tiny_model), device="cpu")


def test_tokens_are_those_that_the_model_reads(model: SentenceTransformer) -> None:
    long = "theft " * 10_000
    expected = [len(model.preprocess([text])["input_ids"][0]) for text in (*TEXTS, long)]
    assert read_tokens(model, [*TEXTS, long]) == expected
    assert expected[-1] == model.max_seq_length


def test_each_text_counts_once_and_time_is_tokens_times_the_rate(model: SentenceTransformer) -> None:
    found = estimate(model, TEXTS + TEXTS, 0.5)
    assert (found.texts, found.tokens) == (30, sum(read_tokens(model, TEXTS)))
    assert found.seconds == pytest.approx(found.tokens * 0.5)
    assert seconds_per_token(model, TEXTS) > 0


def test_a_part_is_announced_with_what_the_whole_would_take(model: SentenceTransformer) -> None:
    part, whole = estimate(model, TEXTS[:10], 0.001), estimate(model, TEXTS, 0.001)
    assert "10 texts" in announcement(part, whole)
    assert f"the whole would be 30 texts, {whole.tokens} tokens, about" in announcement(part, whole)
    assert "the whole" not in announcement(whole, whole)
