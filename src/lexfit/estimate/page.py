"""The estimate as it is printed, or as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from lexfit.estimate.advice import GIB, MEMORY_GIB, overhead, remedy
from lexfit.estimate.simulation import share_of_device, simulate, step_of

if TYPE_CHECKING:
    from lexfit.config import Params

# What dense bfloat16 products reach in training, in 10^12 a second: two fifths of the data sheets' figures.
TFLOPS = {"rtx5090": 84.0, "a100_40": 125.0, "a100_80": 125.0, "h100": 396.0, "cpu": 0.15, "cpu_bf16": 0.25}


@dataclass(frozen=True)
class Asked:
    """What the params don't say: sizes of the data; one device's memory, speed, price an hour. None: what is usual."""

    queries: int
    documents: int
    tokens: int | None = None
    memory_gib: float | None = None
    tflops: float | None = None
    price: float | None = None


def estimate(params: Params, asked: Asked) -> dict[str, Any]:
    """Everything that is shown.

    Args:
        params: Of the training.
        asked: Sizes, device, price an hour.
    """
    processes, step = params.runtime.processes, step_of(params, asked.queries, asked.documents, asked.tokens)
    found = simulate(params, share_of_device(step, processes))
    device = params.runtime.device
    name = params.hardware.name
    memory_gib = asked.memory_gib or MEMORY_GIB.get(name)
    needed = found.total + overhead(device)
    fits = None if memory_gib is None else needed <= memory_gib * GIB
    steps = math.ceil(asked.queries / params.batches.size)
    total_steps = params.train.max_steps or steps * params.train.epochs
    tflops = asked.tflops or TFLOPS.get(name)
    seconds = None if tflops is None else total_steps * found.flops / (tflops * 1e12)
    lengths = [length for length in (128, 256, 512, 1024, 2048) if length < step.tokens]
    shares = {n: share_of_device(step_of(params, asked.queries, asked.documents, n), processes) for n in lengths}
    by_length = {n: simulate(params, share).parts["activations"] for n, share in shares.items()}
    return {
        "model": params.model.name,
        "hardware": name,
        "parameters": found.parameters,
        "trainable": found.trainable,
        "layers": found.layers,
        "trained_layers": found.trained_layers,
        "processes": processes,
        "step": asdict(step),
        "texts_per_device": share_of_device(step, processes).texts,
        "bytes": {**found.parts, "process": overhead(device), "total": needed},
        "activations_by_tokens": {**by_length, step.tokens: found.parts["activations"]},
        "memory_gib": memory_gib,
        "fits": fits,
        "change": []
        if fits is not False
        else remedy(params, share_of_device(step, processes), float(memory_gib or 0) * GIB),
        "steps_per_epoch": steps,
        "tokens_per_epoch": steps * step.texts * step.tokens,
        "flops_per_epoch": steps * found.flops * processes,
        "steps": total_steps,
        "seconds": seconds,
        "cost": None if seconds is None or asked.price is None else seconds / 3600 * asked.price * processes,
    }


def page(found: dict[str, Any]) -> str:
    """An estimate for a terminal."""
    gib = [[part, f"{size / GIB:.2f}"] for part, size in found["bytes"].items()]
    lengths = [[tokens, f"{size / GIB:.2f}"] for tokens, size in found["activations_by_tokens"].items()]
    step = found["step"]
    lines = [
        f"{found['model']} on {found['hardware']}: {found['parameters'] / 1e6:.1f} M parameters, "
        f"{found['trainable'] / 1e6:.2f} M of them train ({found['trained_layers']} of {found['layers']} layers)",
        f"a step embeds {step['texts']} texts of {step['tokens']} tokens, {found['texts_per_device']} on each of "
        f"{found['processes']} device{'s' if found['processes'] > 1 else ''}",
        "",
        tabulate(gib, ["memory", "GiB"], disable_numparse=True, colalign=("left", "right")),
        "",
        tabulate(lengths, ["tokens a text", "activations, GiB"], disable_numparse=True, colalign=("right", "right")),
        "",
        f"an epoch: {found['steps_per_epoch']} steps, {found['tokens_per_epoch'] / 1e6:.2f} M tokens, "
        f"{found['flops_per_epoch'] / 1e15:.3f} PFLOP",
    ]
    if found["seconds"] is not None:
        price = "" if found["cost"] is None else f", cost {found['cost']:.2f}"
        lines.append(f"{found['steps']} steps take about {found['seconds'] / 60:.1f} minutes{price}")
    if found["fits"] is True:
        lines.append(f"fits into {found['memory_gib']:g} GiB")
    elif found["fits"] is False:
        change = " ".join(f"-S {override}" for override in found["change"])
        lines.append(
            f"doesn't fit into {found['memory_gib']:g} GiB; "
            + (f"it does with {change}" if change else "no setting makes it fit: take a smaller model")
        )
    lines.append(
        "memory is that of the training steps' tensors; loading, merging and allocators can take as much again"
    )
    return "\n".join(lines)
