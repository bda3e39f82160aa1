"""Whether a training fits into a device's memory, and which setting to change where it doesn't."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lexfit.estimate.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lexfit.config import Params
    from lexfit.estimate.simulation import Step

GIB = 2**30
MEMORY_GIB = {"rtx5090": 32.0, "a100_40": 40.0, "a100_80": 80.0, "h100": 80.0}  # of one device, by hardware.name
# What a process has before its first tensor: the CUDA context and libraries, or Python with torch and transformers.
RUNTIME_BYTES = {"cuda": int(0.6 * GIB), "cpu": int(0.69 * GIB), "mps": int(0.69 * GIB)}


def overhead(device: str) -> int:
    """Bytes that a process takes beside tensors."""
    return RUNTIME_BYTES[device.split(":", maxsplit=1)[0]]


def changes(params: Params) -> Iterator[tuple[str, Params]]:
    """Settings that need less memory, the ones that leave the result as it is first, each on top of those before."""
    hardware = params.hardware
    if not hardware.gradient_cache and not hardware.gradient_checkpointing:
        hardware = replace(hardware, gradient_cache=True)
        params = replace(params, hardware=hardware)
        yield "hardware.gradient_cache=true", params
    while hardware.chunk > 1:
        hardware = replace(hardware, chunk=max(1, hardware.chunk // 4))
        params = replace(params, hardware=hardware)
        yield f"hardware.chunk={hardware.chunk}", params
    if params.adapter.kind == "full":
        adapter = replace(params.adapter, kind="lora", top_layers=None, target_modules=["all-linear"])
        params = replace(params, adapter=adapter)
        yield "adapter=lora", params
    if hardware.quantization == "none" and hardware.dtype != "float32":
        params = replace(params, hardware=replace(hardware, quantization="nf4"))
        yield "hardware.quantization=nf4", params


def remedy(params: Params, step: Step, memory: float) -> list[str]:
    """The settings to change for a training to fit, the fewest in their order; none where even all aren't enough.

    Args:
        params: Those of a training that doesn't fit.
        step: What a step embeds.
        memory: Bytes of the device.
    """
    wanted: dict[str, str] = {}
    for override, changed in changes(params):
        wanted[override.partition("=")[0]] = override
        if simulate(changed, step).total + overhead(params.runtime.device) <= memory:
            return list(wanted.values())
    return []
