"""Cut vectors: what is stored stands for what was measured, sizes are right, and a cut encoder scores the cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mteb.types import PromptType
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import quantize_embeddings

from lexfit.errors import LexfitError
from lexfit.exports.cuts import Cut, CutEncoder, ranges_of, restored, stored, wanted_cuts


@pytest.fixture
def vectors() -> np.ndarray:
    found = np.random.default_rng(1).normal(size=(64, 32)).astype(np.float32)
    unit: np.ndarray = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


def test_every_truncation_and_precision_is_asked_for_once() -> None:
    names = [cut.name for cut in wanted_cuts(32, [16, 8], ["int8", "binary"])]
    assert names[:2] == ["float32-16", "float32-8"]
    assert names[2:5] == ["int8-32", "binary-32", "binary-32-both"]
    assert len(set(names)) == len(names) == 11
    assert wanted_cuts(32, [], []) == []


@pytest.mark.parametrize("wrong", [0, 32, 64])
def test_a_truncation_that_cuts_nothing_is_refused(wrong: int) -> None:
    with pytest.raises(LexfitError, match=f"asks for {wrong} of the model's 32 dimensions"):
        wanted_cuts(32, [wrong], [])


@pytest.mark.parametrize(("cut", "size"), [(Cut(32, "float32"), 128), (Cut(32, "int8"), 32), (Cut(20, "binary"), 3)])
def test_bytes_are_those_of_what_is_stored(cut: Cut, size: int, vectors: np.ndarray) -> None:
    assert cut.bytes == size == stored(vectors, cut, ranges_of(vectors))[0].nbytes


def test_int8_codes_are_sentence_transformers_own_and_restore_within_a_step(vectors: np.ndarray) -> None:
    cut, ranges = Cut(16, "int8"), ranges_of(vectors)
    codes = stored(vectors, cut, ranges)
    assert np.array_equal(codes, quantize_embeddings(vectors[:, :16], "int8", ranges=ranges[:, :16]))
    steps = (ranges[1, :16] - ranges[0, :16]) / 255
    assert (np.abs(restored(codes, cut, ranges) - vectors[:, :16]) <= 1.001 * steps).all()


def test_products_of_restored_bits_are_hamming_distances(vectors: np.ndarray) -> None:
    cut, ranges = Cut(32, "binary", symmetric=True), ranges_of(vectors)
    codes = stored(vectors, cut, ranges)
    bits = np.unpackbits(codes, axis=1)
    hamming = (bits[:, None] != bits[None]).sum(axis=-1)
    signs = restored(codes, cut, ranges)
    assert np.array_equal(signs @ signs.T, 32 - 2 * hamming)
    assert np.array_equal(signs, np.where(vectors > 0, 1.0, -1.0))


@pytest.mark.parametrize("kind", [PromptType.query, PromptType.document])
def test_an_encoder_gives_the_stored_documents_and_whole_queries(tiny_model: Path, kind: PromptType) -> None:
    model = SentenceTransformer(str(tiny_model), device="cpu")
    from datasets import Dataset
    from mteb._create_dataloaders import create_dataloader
    from mteb.tasks.retrieval.eng.aila_statutes_retrieval import AILAStatutes

    texts, metadata = ["theft at night", "a tax on land", "arson"], AILAStatutes().metadata
    rows = [{"id": str(n), "text": text, "title": ""} for n, text in enumerate(texts)]
    loader = create_dataloader(Dataset.from_list(rows), task_metadata=metadata, prompt_type=kind, batch_size=2)
    whole = model.encode(texts)
    cut, ranges = Cut(8, "int8"), ranges_of(whole)
    options = {"task_metadata": metadata, "hf_split": "test", "hf_subset": "default", "prompt_type": kind}
    found = CutEncoder(model, cut, ranges, "a/b", "1").encode(loader, **options)
    expected = whole[:, :8] if kind == PromptType.query else restored(stored(whole, cut, ranges), cut, ranges)
    np.testing.assert_allclose(found, expected, atol=1e-5)
