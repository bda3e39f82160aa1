"""A compiled training gives the loss and gradients of the plain one, and leaves the model as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer

from lexfit.training.compiled import compiled
from lexfit.training.layers import find_layers, freeze_below


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch compiles for a CPU by g++, which isn't here")
def test_compiled_equals_plain(tiny_model: Path) -> None:
    model = SentenceTransformer(str(tiny_model), device="cpu")
    transformer = model[0].model
    freeze_below(transformer, 1)
    layers = list(find_layers(transformer))
    results = []
    for wanted in (False, True):
        with compiled(transformer, wanted):
            assert ("forward" in vars(layers[-1])) is wanted
            assert "forward" not in vars(layers[0])
            for text in ("facts about robbery", "a much longer text about the law of evidence and of contracts"):
                value = model(model.preprocess([text]))["sentence_embedding"].sum()
                value.backward()
        results.append([p.grad.clone() for p in layers[-1].parameters() if p.grad is not None])
        transformer.zero_grad()
    assert results[0]
    for plain, fast in zip(*results, strict=True):
        torch.testing.assert_close(fast, plain, rtol=1e-4, atol=1e-5)
    assert all("forward" not in vars(layer) for layer in layers)
