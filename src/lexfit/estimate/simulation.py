"""One training step on tensors that have shapes and no contents, watched by torch's own memory tracker."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from lexfit.estimate.quantised import PackedLinear, pack
from lexfit.estimate.shapes import config_of
from lexfit.training.adapters import with_lora
from lexfit.training.base_models import freeze_dropout
from lexfit.training.layers import find_layers, first_trained_layer, freeze_below

if TYPE_CHECKING:
    from lexfit.config import Params

PARTS = {"PARAM": "weights", "BUFFER": "weights", "GRAD": "gradients", "OPT": "optimizer", "ACT": "activations"}


@dataclass(frozen=True)
class Step:
    """What a step embeds: so many texts of so many tokens."""

    texts: int
    tokens: int


@dataclass(frozen=True)
class Simulated:
    """Parameters, bytes by part where a step needs most, and floating-point operations of a step."""

    parameters: int
    trainable: int
    layers: int
    trained_layers: int
    parts: dict[str, int]
    flops: int

    @property
    def total(self) -> int:
        """All parts together."""
        return sum(self.parts.values())


def step_of(params: Params, documents: int, tokens: int | None = None) -> Step:
    """How many texts a step embeds, and how long the longest may be.

    Args:
        params: batches, loss and train are used.
        documents: Passages of the corpus, all of which `corpus_softmax` embeds in each step.
        tokens: Length of each text, if shorter than `train.max_seq_length`.
    """
    batches = params.batches
    queries = batches.size * batches.windows
    texts = queries + documents if params.loss.name == "corpus_softmax" else batches.size * (2 + batches.negatives)
    return Step(texts, min(tokens or params.train.max_seq_length, params.train.max_seq_length))


def built(params: Params) -> Any:
    """The transformer as stage model trains it; call within a fake tensor mode."""
    from transformers import AutoModel  # noqa: PLC0415

    hardware, adapter = params.hardware, params.adapter
    low = adapter.kind == "lora" and hardware.dtype != "float32"
    attention = "sdpa" if hardware.attention in {"auto", "flash_attention_2"} else hardware.attention
    config = config_of(params.model)
    dtype = getattr(torch, params.model.dtype) if low else torch.float32
    transformer = AutoModel.from_config(config, dtype=dtype, attn_implementation=attention)
    if adapter.kind == "lora":
        for parameter in transformer.parameters():
            parameter.requires_grad_(False)
        transformer = with_lora(transformer, adapter, "adapter")
        if hardware.quantization != "none":
            pack(transformer, hardware.quantization, getattr(torch, hardware.dtype))
    elif adapter.top_layers is not None:
        freeze_below(transformer, adapter.top_layers)
    freeze_dropout(transformer, params.train.dropout, first_trained_layer(transformer))
    if hardware.gradient_checkpointing:
        transformer.gradient_checkpointing_enable({"use_reentrant": False})
    return transformer.train()


def run_step(params: Params, transformer: Any, optimizer: torch.optim.Optimizer, step: Step) -> None:
    """A step as `lexfit.training.text_loss` makes it: chunk by chunk, for the gradient again where it is cached."""
    hardware = params.hardware
    sizes = [min(hardware.chunk, step.texts - start) for start in range(0, step.texts, hardware.chunk)]

    def embedded(count: int) -> torch.Tensor:
        ids = torch.ones(count, step.tokens, dtype=torch.long)
        states = transformer(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        return states.float().mean(dim=1)

    autocast = nullcontext() if hardware.dtype == "float32" else torch.autocast("cpu", getattr(torch, hardware.dtype))
    if hardware.gradient_cache:
        with autocast, torch.no_grad():
            leaf = torch.cat([embedded(size) for size in sizes]).requires_grad_()
        (leaf @ leaf.t()).logsumexp(dim=1).mean().backward()
        gradients = torch.split(leaf.grad, sizes)  # type: ignore[arg-type]
        for size, gradient in zip(sizes, gradients, strict=True):
            with autocast:
                part = embedded(size)
            part.backward(gradient)
    else:
        with autocast:
            everything = torch.cat([embedded(size) for size in sizes])
            loss = (everything @ everything.t()).logsumexp(dim=1).mean()
        loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def simulate(params: Params, step: Step) -> Simulated:
    """Bytes by part where a step needs most; a GPU's kernels are taken to need what a CPU's do.

    Args:
        params: model, adapter, hardware, batches and train are used.
        step: What it embeds.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: PLC0415
    from torch.distributed._tools.mem_tracker import MemTracker  # noqa: PLC0415
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415

    with FakeTensorMode():
        transformer = built(params)
        trained = [p for p in transformer.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trained, foreach=False)
        run_step(params, transformer, optimizer, replace(step, texts=min(2, step.texts)))  # makes the optimizer's state
        tracker = MemTracker()
        tracker.track_external(transformer, optimizer)
        with tracker:
            run_step(params, transformer, optimizer, step)
        with FlopCounterMode(display=False) as counter:
            run_step(params, transformer, optimizer, step)
        packed = sum(m.in_features * m.out_features for m in transformer.modules() if isinstance(m, PackedLinear))
        counts = (sum(p.numel() for p in transformer.parameters()) + packed, sum(p.numel() for p in trained))
        layers, first = len(find_layers(transformer)), first_trained_layer(transformer)
    (snapshot,) = tracker.get_tracker_snapshot("peak").values()
    parts = dict.fromkeys([*dict.fromkeys(PARTS.values()), "temporaries"], 0)
    for kind, size in snapshot.items():
        name = str(kind).rpartition(".")[2].upper()
        if name != "TOTAL":
            parts[PARTS.get(name, "temporaries")] += size
    return Simulated(*counts, layers, layers - first, parts, counter.get_total_flops())
