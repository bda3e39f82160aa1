"""Embeddings kept by content: cached equals uncached to the bit, and no text is encoded twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mteb
import numpy as np
import pytest
import torch
from mteb.cache import ResultCache
from sentence_transformers import SentenceTransformer

from lexfit.cache import cache_folder
from lexfit.config import Params
from lexfit.corpus.sources import load
from lexfit.evaluation import cached_encoder
from lexfit.evaluation.benchmark import as_encoder
from lexfit.evaluation.cached_encoder import CachedEncoder, devices_of
from lexfit.evaluation.dense import dense_run
from lexfit.evaluation.tasks import make_task
from lexfit.negatives.dense import dense_candidates

TEXTS = ["theft", "the murder of a man in a house at night", "theft", "a tax on land", "arson"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def model(tiny_model: Path) -> SentenceTransformer:
    loaded = SentenceTransformer(str(tiny_model), device="cpu")
    loaded.prompts = {"query": "facts: ", "document": "law: "}
    return loaded


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that a transformer really encodes, prompt included, in order."""
    seen: list[str] = []
    preprocess = SentenceTransformer.preprocess

    def spy(self: SentenceTransformer, inputs: list[str], prompt: str | None = None, **kwargs: Any) -> Any:
        seen.extend(f"{prompt or ''}{text}" for text in inputs)
        return preprocess(self, inputs, prompt=prompt, **kwargs)

    monkeypatch.setattr(SentenceTransformer, "preprocess", spy)
    return seen


def test_two_processes_encode_the_bytes_of_one(
    model: SentenceTransformer, encoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = np.stack([model.encode(text, prompt_name="query") for text in TEXTS])
    encoded.clear()
    monkeypatch.setattr(cached_encoder, "SHARED_FROM", 4)
    shared = CachedEncoder.of(model, 10, ("cpu", "cpu"))
    assert np.array_equal(shared.encode(TEXTS, prompt_name="query"), alone)
    assert encoded == []  # the other processes did
    assert shared.encode("forgery").shape == alone[0].shape  # too few to share
    assert encoded == ["forgery"]


def test_each_process_has_a_device(make_params: Callable[..., Params]) -> None:
    assert devices_of(make_params("runtime.processes=2").runtime) == ("cpu", "cpu")
    assert devices_of(make_params("hardware=h100_x8").runtime)[7] == "cuda:7"


def test_cached_equals_uncached_to_the_bit_whatever_was_asked_before(model: SentenceTransformer) -> None:
    alone = np.stack([model.encode(text) for text in TEXTS])
    first = CachedEncoder.of(model, 10)
    first.encode(TEXTS[3:])
    assert np.array_equal(first.encode(TEXTS), alone)
    assert np.array_equal(CachedEncoder.of(model, 10).encode(TEXTS), alone)
    np.testing.assert_allclose(model.encode(TEXTS), alone, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"convert_to_tensor": True},
        {"convert_to_numpy": False},
        {"normalize_embeddings": True},
        {"truncate_dim": 8},
        {"prompt": "facts: "},
        {"prompt_name": "document"},
        {"precision": "binary"},
        {"output_value": "token_embeddings"},
    ],
)
def test_what_comes_back_is_what_the_model_itself_gives(model: SentenceTransformer, options: dict[str, Any]) -> None:
    cached = CachedEncoder.of(model, 10)
    for inputs in (TEXTS, "arson"):
        expected = model.encode(inputs, **options)
        for _ in range(2):
            found = cached.encode(inputs, **options)
            assert type(found) is type(expected)
            assert len(found) == len(expected)
            for own, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(np.asarray(own), np.asarray(other), atol=1e-5)


def test_no_text_is_encoded_twice_across_task_baseline_and_mining(
    model: SentenceTransformer, encoded: list[str], make_params: Callable[..., Params], tmp_path: Path
) -> None:
    whole = load(make_params().data)
    test = [q for q in whole.queries if q.split == "test"][:3]
    relevant = {j.doc_id for j in whole.judgements if j.query_id in {q.id for q in test}}
    task = make_task(
        dataclasses.replace(whole, documents=[d for d in whole.documents if d.id in relevant], queries=test)
    )
    queries = {row["id"]: row["text"] for row in task.dataset["default"]["test"]["queries"]}
    corpus = task.dataset["default"]["test"]["corpus"]
    passages = {row["id"]: [row["text"]] for row in corpus}
    dense_run(CachedEncoder.of(model, 10), queries, passages, 2)
    dense_candidates(CachedEncoder.of(model, 10), queries, passages, 2, {}, batch_size=3)
    assert len(encoded) == len(set(encoded))
    before = len(encoded)
    for name in ("lexfit/a", "lexfit/b"):
        results = ResultCache(tmp_path / name)
        options: dict[str, Any] = {"cache": results, "overwrite_strategy": "always", "encode_kwargs": {"batch_size": 2}}
        mteb.evaluate(as_encoder(CachedEncoder.of(model, 10), name, "1"), task, co2_tracker=False, **options)
    # mteb puts the title in front of a document; queries are those that are there already.
    assert {text for text in encoded[before:] if text.startswith("facts: ")} == set()
    assert len(encoded) == len(set(encoded))


def test_other_weights_prompts_lengths_or_threads_are_computed_anew(
    model: SentenceTransformer, encoded: list[str]
) -> None:
    def vectors() -> torch.Tensor:
        found: torch.Tensor = CachedEncoder.of(model, 10).encode_query(["a tax on the land"], convert_to_tensor=True)
        return found

    first = vectors()
    model.max_seq_length = 4
    assert not torch.equal(vectors(), first)
    model.prompts["query"] = "case: "
    vectors()
    with torch.no_grad():
        next(model.parameters()).mul_(2.0)
    vectors()
    torch.set_num_threads(torch.get_num_threads() + 1)
    try:
        vectors()
        vectors()
    finally:
        torch.set_num_threads(torch.get_num_threads() - 1)
    assert len(encoded) == 5


def test_a_damaged_entry_is_computed_anew(model: SentenceTransformer, encoded: list[str]) -> None:
    first = CachedEncoder.of(model, 10).encode(["theft"])
    database = cache_folder("embeddings") / "cache.db"
    for file in (database, database.with_name("cache.db-wal")):
        if file.exists():
            data = file.read_bytes()
            # A bit of the vector's bytes, wherever SQLite has them.
            file.write_bytes(data.replace(first[0].tobytes()[:8], bytes(8)))
    assert np.array_equal(CachedEncoder.of(model, 10).encode(["theft"]), first)
    assert encoded == ["theft", "theft"]


def test_lower_precision_has_entries_of_its_own(model: SentenceTransformer, encoded: list[str]) -> None:
    whole = CachedEncoder.of(model, 8).encode_query(TEXTS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = CachedEncoder.of(model, 8).encode_query(TEXTS)
    assert len(encoded) == 2 * len(set(TEXTS))
    assert not np.array_equal(whole, low)
    assert np.allclose(whole, low, atol=0.02)
    assert np.array_equal(CachedEncoder.of(model, 8).encode_query(TEXTS), whole)
    assert len(encoded) == 2 * len(set(TEXTS))
