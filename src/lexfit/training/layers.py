"""Where a transformer's layers are, whatever the architecture calls them."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torch import nn

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LAYER = re.compile(r"(?:^|\.)(?:layer|layers|h|block|blocks)\.(\d+)\.")
# Parameters that stand outside the layers but act in each of them (MPNet, T5).
SHARED = re.compile(r"relative_attention_bias")


def layer_of(name: str) -> int | None:
    """The transformer layer that a parameter's or module's name places it in."""
    match = LAYER.search(name)
    return int(match.group(1)) if match else None


def find_layers(model: nn.Module) -> nn.ModuleList:
    """The list of transformer layers, inside of PEFT's wrapper too."""
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) and layer_of(f"{name}.0.") == 0:
            return module
    raise LexfitError(
        "params.yaml: adapter.top_layers",
        f"no list of transformer layers was found in {type(model).__name__}",
        "Leave adapter.top_layers null and hardware.trunk_cache false for this model",
    )


def check_top_layers(model: nn.Module, top_layers: int) -> int:
    """How many layers there are, or an error if fewer than `top_layers`."""
    total = len(find_layers(model))
    if not 1 <= top_layers <= total:
        raise LexfitError(
            "params.yaml: adapter.top_layers", f"is {top_layers}, the model has {total} layers", "Lower it"
        )
    return total


def first_trained_layer(model: nn.Module) -> int:
    """The lowest layer that trains; 0 as well if something in front of the layers does.

    Names tell: parameters before the first layer (embeddings) and those shared by all layers count as 0,
    those after the last layer (a final norm, a pooler) as above all.
    """
    lowest = total = len(find_layers(model))
    above = False
    for name, parameter in model.named_parameters():
        layer = layer_of(name)
        above = above or layer is not None
        if parameter.requires_grad:
            before = SHARED.search(name) is not None or not above
            lowest = min(lowest, layer if layer is not None else 0 if before else total - 1)
    return lowest


def freeze_below(model: nn.Module, top_layers: int) -> None:
    """Let only the last `top_layers` transformer layers, and what comes after them, train.

    Raises:
        LexfitError: The model has fewer layers.
    """
    total = check_top_layers(model, top_layers)
    above = False
    for name, parameter in model.named_parameters():
        layer = layer_of(name)
        above = above or (layer is not None and layer >= total - top_layers)
        after = above and not SHARED.search(name)
        parameter.requires_grad_(after if layer is None else layer >= total - top_layers)


def count_parameters(parameters: Iterable[nn.Parameter]) -> tuple[int, int]:
    """How many parameters train, and how many there are."""
    counts = [(p.numel() if p.requires_grad else 0, p.numel()) for p in parameters]
    return sum(c[0] for c in counts), sum(c[1] for c in counts)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode (no dropout) while this lasts; each module is then in the mode that it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
