"""Weights between the base model's and the tuned ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def interpolate(base: dict[str, Tensor], tuned: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """`base + share * (tuned - base)` of each parameter (Wortsman et al. 2022, arXiv 2109.01903).

    Of a LoRA pair only B is scaled, which scales the product BA: the base's own change is zero. What isn't a
    parameter stays as tuned.

    Args:
        base: The state before training, by name.
        tuned: The state after it.
        share: 1 gives `tuned` itself, 0 the base model.
    """
    if share == 1.0:
        return tuned
    out = dict(tuned)
    for name, value in tuned.items():
        if name.startswith("parameter/") and "lora_A" not in name:
            out[name] = base[name] + share * (value - base[name])
    return out
