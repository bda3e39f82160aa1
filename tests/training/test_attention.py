"""Another attention kernel in training steps: the same embeddings, gradients and cached layers, and gone afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer

from lexfit.config import Params
from lexfit.training.attention import attention_kernel
from lexfit.training.layers import freeze_below
from lexfit.training.texts import TextTable
from lexfit.training.trainer import fine_tune
from lexfit.training.trunk import FrozenTrunk
from tests.training.test_batches import build

QUERIES = ["murder with common intention in the night", "theft"]
PASSAGES = ["whoever commits theft shall be punished with imprisonment", "murder is punished with death"]


@pytest.fixture
def model(tiny_model: Path) -> SentenceTransformer:
    return SentenceTransformer(str(tiny_model), device="cpu").eval()


def kernels(model: SentenceTransformer) -> list[str]:
    return [model[0].model.config._attn_implementation]


def test_kernel_lasts_as_long_as_the_context_even_through_an_error(model: SentenceTransformer) -> None:
    before = kernels(model)
    assert before != ["eager"]
    with pytest.raises(KeyError), attention_kernel(model, "eager"):
        assert kernels(model) == ["eager"]
        raise KeyError
    assert kernels(model) == before
    with attention_kernel(model, None):
        assert kernels(model) == before


def test_training_kernel_gives_the_embeddings_and_gradients_of_the_other(model: SentenceTransformer) -> None:
    found: dict[str | None, tuple[list[list[str]], torch.Tensor, torch.Tensor]] = {}
    for kernel in (None, "eager"):
        table = TextTable(model, QUERIES, PASSAGES, None, attention=kernel)
        seen: list[list[str]] = []
        layer = model[0].model.encoder.layer[0]
        handle = layer.register_forward_pre_hook(lambda *_, seen=seen: seen.append(kernels(model)))
        model.zero_grad()
        embedded = table.embed(model, [0, 1, 2, 3])
        handle.remove()
        torch.autograd.backward(embedded.square().sum() + embedded[:, 0].sum())
        found[kernel] = (seen, embedded.detach(), layer.attention.self.query.weight.grad.clone())
    assert found["eager"][0] == [["eager"]]
    assert found[None][0] == [kernels(model)]
    torch.testing.assert_close(found["eager"][1], found[None][1], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found["eager"][2], found[None][2], rtol=1e-4, atol=1e-6)


def test_the_trunk_below_keeps_the_kernel_that_its_cache_is_kept_for(model: SentenceTransformer) -> None:
    freeze_below(model[0].model, 1)
    trunk = FrozenTrunk(model)
    seen: list[list[str]] = []
    model[0].model.encoder.layer[0].attention.register_forward_pre_hook(lambda *_: seen.append(kernels(model)))
    TextTable(model, QUERIES, PASSAGES, trunk, attention="eager").embed(model, [0, 1])
    assert seen
    assert all(own == kernels(model) for own in seen)


@pytest.mark.parametrize("adapter", ["top2", "lora"])
def test_checkpointing_runs_layers_again_with_the_training_kernel(
    tiny_model: Path, make_params: Callable[..., Params], tmp_path: Path, adapter: str
) -> None:
    found = []
    for checkpointing in ("false", "true"):
        params = make_params(
            f"model.path={tiny_model}",
            f"adapter={adapter}",
            "adapter.top_layers=1",
            "loss=corpus_softmax",
            "batches=full",
            "train.epochs=2",
            "train.learning_rate=0.001",
            "hardware.training_attention=eager",
            f"hardware.gradient_checkpointing={checkpointing}",
        )
        trained = fine_tune(params, build(), tmp_path / checkpointing)
        found.append(trained.model.state_dict())
        assert kernels(trained.model) != ["eager"]
    for name, tensor in found[0].items():
        torch.testing.assert_close(found[1][name], tensor, rtol=1e-4, atol=1e-6)
