"""The simulated step has the real model's parameters and bytes, and needs less where the settings say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.estimate import simulation
from lexfit.estimate.quantised import PackedLinear
from lexfit.estimate.shapes import config_of
from lexfit.estimate.simulation import Step, built, simulate, step_of
from lexfit.training.base_models import load_base_model

Make = Callable[..., Params]
STEP = Step(64, 128)
GPU = ["hardware.dtype=bfloat16", "adapter=lora", "adapter.target_modules=[all-linear]"]


def test_parameters_are_those_of_the_real_model(make_params: Make) -> None:
    params = make_params("adapter=full")
    model = load_base_model(params.model, params.hardware, params.runtime)
    found = simulate(params, STEP)
    count = sum(p.numel() for p in model.parameters())
    assert found.parameters == found.trainable == count
    assert found.parts["weights"] == pytest.approx(4 * count, rel=0.001)
    unused = sum(p.numel() for name, p in model.named_parameters() if "pooler" in name)  # its output isn't asked for
    assert found.parts["optimizer"] == pytest.approx(8 * (count - unused), rel=0.001)


@pytest.mark.parametrize(
    ("model", "millions"),
    [
        ("qwen3-embedding-0.6b", 595.8),
        ("qwen3-embedding-4b", 4021.8),
        ("qwen3-embedding-8b", 7567.3),
        ("mistral-7b", 7110.7),
        ("smollm2-135m", 134.5),
        ("gemma-2b", 2506.2),
        ("gemma-3-270m", 268.1),
        ("legal-bert", 109.5),
        ("multi-qa-mpnet-base-dot-v1", 109.5),
    ],
)
def test_published_counts_of_parameters(make_params: Make, model: str, millions: float) -> None:
    """Of the backbone without a language model's head, from the safetensors metadata of each model on the Hub."""
    params = make_params(f"model={model}", *GPU)
    with torch.device("meta"):
        transformer = built(params)
    base = sum(p.numel() for p in transformer.parameters() if not p.requires_grad)
    assert base / 1e6 == pytest.approx(millions, rel=0.002)


def test_top_layers_train_alone(make_params: Make) -> None:
    found, whole = simulate(make_params("adapter=top2"), STEP), simulate(make_params("adapter=full"), STEP)
    assert (found.layers, found.trained_layers) == (6, 2)
    assert found.trainable < found.parameters / 4
    assert found.parts["activations"] < whole.parts["activations"] / 2


def test_caching_and_checkpointing_need_less(make_params: Make) -> None:
    plain = simulate(make_params("adapter=full", "hardware.chunk=4"), STEP)
    cached = simulate(make_params("adapter=full", "hardware.chunk=4", "hardware.gradient_cache=true"), STEP)
    checkpointed = simulate(
        make_params("adapter=full", "hardware.chunk=4", "hardware.gradient_checkpointing=true"), STEP
    )
    assert cached.parts["activations"] < plain.parts["activations"] / 2
    assert checkpointed.parts["activations"] < plain.parts["activations"] / 2
    assert cached.flops > plain.flops
    assert checkpointed.flops > plain.flops


def test_four_bits_a_weight(make_params: Make) -> None:
    whole = simulate(make_params("model=smollm2-135m", *GPU), Step(2, 16))
    packed = simulate(make_params("model=smollm2-135m", *GPU, "hardware.quantization=nf4"), Step(2, 16))
    assert packed.parameters == whole.parameters
    assert packed.parts["weights"] < whole.parts["weights"]
    linear = nn.Linear(256, 512, bias=False)
    held = sum(b.numel() * b.element_size() for b in PackedLinear(linear, "nf4", torch.bfloat16).buffers())
    assert held * 8 / linear.weight.numel() == pytest.approx(4.127, abs=0.01)  # Dettmers et al. 2023, section 3


def test_what_a_step_embeds(make_params: Make) -> None:
    corpus = make_params("loss=corpus_softmax", "batches=full", "batches.size=60", "batches.windows=3")
    assert step_of(corpus, 50, 197) == Step(60 + 197, corpus.train.max_seq_length)
    remembered = make_params("loss=corpus_softmax", "batches=full", "batches.size=60", "batches.refresh_documents=4")
    assert step_of(remembered, 50, 197).texts == 50 + 50
    pairs = make_params("batches.size=8", "batches.negatives=2")
    assert step_of(pairs, 50, 197, 32) == Step(8 * 4, 32)


def test_a_step_embeds_no_text_twice_and_none_that_is_not_there(make_params: Make) -> None:
    assert step_of(make_params("loss=corpus_softmax", "batches=full", "batches.size=16"), 8, 24).texts == 8 + 24
    windows = make_params("loss=corpus_softmax", "batches=full", "batches.size=60", "batches.windows=3")
    assert step_of(windows, 12, 24).texts == 12 * 3 + 24
    assert step_of(make_params("batches.size=16", "batches.negatives=2"), 10, 30).texts == 10 + 30


def test_tokens_that_a_step_leaves_out_do_not_count(make_params: Make) -> None:
    half = make_params("adapter=top2", "train.token_share=0.5", "train.max_seq_length=256", "model.max_seq_length=256")
    assert step_of(half, 50, 197).tokens == 128
    assert step_of(half, 50, 197, 24).tokens == 24  # a text this short stays whole


def test_a_model_of_unknown_shape_is_named(make_params: Make) -> None:
    params = make_params()
    unknown = replace(params.model, name="other", path=None, package=None)
    with pytest.raises(LexfitError, match="shape of other"):
        config_of(unknown)


@pytest.mark.parametrize("cached", ["true", "false"])
def test_many_chunks_are_told_from_a_few(make_params: Make, monkeypatch: pytest.MonkeyPatch, cached: str) -> None:
    params = make_params("adapter=full", "hardware.chunk=2", f"hardware.gradient_cache={cached}")
    told = simulate(params, Step(25, 128))
    monkeypatch.setattr(simulation, "CHUNKS", 100)
    gone_through = simulate(params, Step(25, 128))
    assert told.flops == pytest.approx(gone_through.flops, rel=0.001)
    assert told.total == pytest.approx(gone_through.total, rel=0.03)
