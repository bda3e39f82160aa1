"""What trains: all weights, the top layers, or low-rank adapters; and their merge into a plain model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from pathlib import Path

    from sentence_transformers import SentenceTransformer
    from torch import nn

    from lexfit.config import AdapterParams

LAYER = re.compile(r"(?:^|\.)(?:layer|layers|h|block|blocks)\.(\d+)\.")


def layer_of(name: str) -> int | None:
    """The transformer layer that a parameter's or module's name places it in."""
    match = LAYER.search(name)
    return int(match.group(1)) if match else None


def count_layers(model: nn.Module) -> int:
    """Number of transformer layers, read off the parameters' names."""
    layers = [layer for name, _ in model.named_parameters() if (layer := layer_of(name)) is not None]
    return max(layers, default=-1) + 1


def freeze_below(model: nn.Module, top_layers: int) -> None:
    """Let only the last `top_layers` transformer layers, and what comes after them, train.

    Raises:
        LexfitError: The model has fewer layers.
    """
    total = count_layers(model)
    if not 1 <= top_layers <= total:
        raise LexfitError(
            "params.yaml: adapter.top_layers", f"is {top_layers}, the model has {total} layers", "Lower it"
        )
    above = False
    for name, parameter in model.named_parameters():
        layer = layer_of(name)
        above = above or (layer is not None and layer >= total - top_layers)
        parameter.requires_grad_(above if layer is None else layer >= total - top_layers)


def attach(model: SentenceTransformer, params: AdapterParams) -> None:
    """Prepare a model for training as `params` say; for LoRA its transformer becomes a `PeftModel`."""
    transformer = model[0].model
    if params.kind == "full":
        if params.top_layers is not None:
            freeze_below(transformer, params.top_layers)
        return
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training  # noqa: PLC0415

    total = count_layers(transformer)
    layers = None
    if params.top_layers is not None:
        if not 1 <= params.top_layers <= total:
            raise LexfitError(
                "params.yaml: adapter.top_layers",
                f"is {params.top_layers}, the model has {total} layers",
                "Lower it",
            )
        layers = list(range(total - params.top_layers, total))
    if getattr(transformer, "is_loaded_in_4bit", False):
        transformer = prepare_model_for_kbit_training(transformer, use_gradient_checkpointing=False)
    modules = params.target_modules
    config = LoraConfig(
        r=params.rank,
        lora_alpha=params.alpha,
        lora_dropout=params.dropout,
        target_modules="all-linear" if modules == ["all-linear"] else modules,
        layers_to_transform=layers,
        bias="none",
    )
    try:
        model[0].model = get_peft_model(transformer, config)
    except ValueError as error:
        raise LexfitError(
            "params.yaml: adapter.target_modules",
            f"{modules} don't fit this model: {error}",
            "Try [all-linear]",
        ) from error


def save_adapter(model: SentenceTransformer, folder: Path) -> None:
    """Save the LoRA weights (safetensors) and their config."""
    model[0].model.save_pretrained(str(folder), safe_serialization=True)


def merge_adapter(base: SentenceTransformer, folder: Path) -> SentenceTransformer:
    """Merge a saved adapter into a freshly loaded, unquantised base and return it as a plain model."""
    from peft import PeftModel  # noqa: PLC0415

    base[0].model = PeftModel.from_pretrained(base[0].model, str(folder)).merge_and_unload(safe_merge=True)
    return base


def trainable_parameters(model: nn.Module) -> tuple[int, int]:
    """How many parameters train, and how many there are."""
    counts = [(p.numel() if p.requires_grad else 0, p.numel()) for p in model.parameters()]
    return sum(c[0] for c in counts), sum(c[1] for c in counts)
