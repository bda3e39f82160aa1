"""One training step on tensors that have shapes and no contents, its memory and its operations counted."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from lexfit.estimate.memory import HeldMemory
from lexfit.estimate.quantised import PackedLinear, pack
from lexfit.estimate.shapes import config_of
from lexfit.training.adapters import with_lora
from lexfit.training.base_models import freeze_dropout
from lexfit.training.layers import find_layers, first_trained_layer, freeze_below
from lexfit.training.token_sampling import FEWEST

if TYPE_CHECKING:
    from lexfit.config import Params

CHUNKS = 4  # that are gone through


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


def step_of(params: Params, queries: int, documents: int, tokens: int | None = None) -> Step:
    """How many texts a step embeds, each of them once, and how long the longest may be.

    Args:
        params: batches, loss and train are used; of the tokens those that `train.token_share` keeps count, of documents
            those of one step in `batches.refresh_documents`.
        queries: Of the training; a step can't have more than their windows.
        documents: Passages of the corpus, which `corpus_softmax` embeds in each step.
        tokens: Length of each text, if shorter than `train.max_seq_length`.
    """
    batches = params.batches
    own = min(batches.size, queries * batches.windows)
    of_pairs = batches.size * (1 + batches.negatives)
    of_corpus = math.ceil(documents / batches.refresh_documents)
    texts = own + (of_corpus if params.loss.name == "corpus_softmax" else min(of_pairs, documents))
    longest = min(tokens or params.train.max_seq_length, params.train.max_seq_length)
    return Step(texts, max(min(longest, FEWEST), round(longest * params.train.token_share)))


def share_of_device(step: Step, devices: int) -> Step:
    """What one of several devices embeds."""
    return replace(step, texts=math.ceil(step.texts / devices))


def built(params: Params) -> Any:
    """The transformer as stage model trains it, on torch's meta device."""
    from transformers import AutoModel  # noqa: PLC0415

    hardware, adapter = params.hardware, params.adapter
    low = adapter.kind == "lora" and hardware.dtype != "float32"
    # Flash attention's own kernels need a GPU; torch's need as little memory.
    attention = None if hardware.attention in {"auto", "flash_attention_2"} else hardware.attention
    attention = hardware.training_attention or attention
    config = config_of(params.model)
    config.use_cache = False
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
        transformer.activation_checkpointing_enable({"use_reentrant": False})
    return transformer.train()


def allocate(model: torch.nn.Module) -> None:
    """Move a model from the meta device to the CPU; within a fake tensor mode nothing is allocated.

    `Module.to_empty` can't: it swaps tensors that others refer to.
    """
    made: dict[int, torch.Tensor] = {}

    def like(tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) not in made:
            empty = torch.empty(tensor.shape, dtype=tensor.dtype)
            is_parameter = isinstance(tensor, torch.nn.Parameter)
            made[id(tensor)] = torch.nn.Parameter(empty, tensor.requires_grad) if is_parameter else empty
        return made[id(tensor)]

    for module in model.modules():
        for held in (module._parameters, module._buffers):
            held.update({name: like(tensor) for name, tensor in held.items() if tensor is not None})  # type: ignore[misc]


def run_step(params: Params, transformer: Any, optimizer: torch.optim.Optimizer, step: Step) -> None:
    """A step as `lexfit.training.text_loss` makes it: chunk by chunk, for the gradient again where it is cached."""
    hardware = params.hardware
    sizes = [min(hardware.chunk, step.texts - start) for start in range(0, step.texts, hardware.chunk)]

    def embedded(count: int) -> torch.Tensor:
        ids = torch.ones(count, step.tokens, dtype=torch.long)
        states = transformer(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        vectors: torch.Tensor = states.float().mean(dim=1)
        return vectors

    autocast = nullcontext() if hardware.dtype == "float32" else torch.autocast("cpu", getattr(torch, hardware.dtype))
    if hardware.gradient_cache:
        with autocast, torch.no_grad():
            leaf = torch.cat([embedded(size) for size in sizes]).requires_grad_()
        torch.autograd.backward([(leaf @ leaf.t()).logsumexp(dim=1).mean()])
        gradients = torch.split(leaf.grad, sizes)  # type: ignore[arg-type]
        for size, gradient in zip(sizes, gradients, strict=True):
            with autocast:
                part = embedded(size)
            torch.autograd.backward([part], [gradient])
    else:
        with autocast:
            everything = torch.cat([embedded(size) for size in sizes])
            loss = (everything @ everything.t()).logsumexp(dim=1).mean()
        torch.autograd.backward([loss])
    optimizer.step()
    optimizer.zero_grad()


def simulate(params: Params, step: Step) -> Simulated:
    """Bytes by part where a step needs most; a GPU's kernels are taken to need what a CPU's do.

    A step is the same for every chunk of texts, so that of many chunks only the first few are gone through, and what
    each further one adds is taken to be what the last of those did.

    Args:
        params: model, adapter, hardware, batches and train are used.
        step: What it embeds.
    """
    chunks = step.texts / params.hardware.chunk
    if chunks <= CHUNKS:
        return _simulated(params, step)
    fewer, few = (_simulated(params, replace(step, texts=n * params.hardware.chunk)) for n in (CHUNKS - 1, CHUNKS))
    further = chunks - CHUNKS
    parts = {part: size + round(further * (size - fewer.parts[part])) for part, size in few.parts.items()}
    return replace(few, parts=parts, flops=round(few.flops * chunks / CHUNKS))


def _simulated(params: Params, step: Step) -> Simulated:
    from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: PLC0415
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415

    with torch.device("meta"):
        transformer = built(params)
    with FakeTensorMode():
        allocate(transformer)
        trained = [p for p in transformer.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trained, foreach=False)
        part = replace(step, texts=min(step.texts, params.hardware.chunk))
        with FlopCounterMode(display=False) as counter:  # apart: it keeps what checkpointing would let go
            run_step(params, transformer, optimizer, part)
        with HeldMemory(transformer, optimizer) as held:
            run_step(params, transformer, optimizer, step)
        flops = counter.get_total_flops() * step.texts / part.texts
        packed = sum(m.in_features * m.out_features for m in transformer.modules() if isinstance(m, PackedLinear))
        counts = (sum(p.numel() for p in transformer.parameters()) + packed, sum(p.numel() for p in trained))
        layers, first = len(find_layers(transformer)), first_trained_layer(transformer)
    return Simulated(*counts, layers, layers - first, held.peak, round(flops))
