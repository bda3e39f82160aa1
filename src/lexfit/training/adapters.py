"""What trains: all weights, the top layers, or low-rank adapters; and their merge into a plain model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from lexfit.errors import LexfitError
from lexfit.training.layers import check_top_layers, freeze_below, layer_of

if TYPE_CHECKING:
    from pathlib import Path

    from peft import PeftModel
    from sentence_transformers import SentenceTransformer
    from transformers import PreTrainedModel

    from lexfit.config import AdapterParams


def attach(model: SentenceTransformer, params: AdapterParams) -> None:
    """Prepare a model for training as `params` say; for LoRA its transformer becomes a `PeftModel`."""
    if params.kind == "full":
        if params.top_layers is not None:
            freeze_below(model[0].model, params.top_layers)
        return
    model[0].model = with_lora(model[0].model, params, "adapter")


def with_lora(transformer: PreTrainedModel, params: AdapterParams, key: str) -> PeftModel:
    """A transformer with low-rank adapters, which alone train.

    Args:
        transformer: Whole or quantised.
        params: Rank, and which maps of which layers.
        key: Of the params, for errors.

    Raises:
        LexfitError: It has no such maps.
    """
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training  # noqa: PLC0415

    modules: list[str] | str = "all-linear" if params.target_modules == ["all-linear"] else params.target_modules
    if params.top_layers is not None:
        first = check_top_layers(transformer, params.top_layers) - params.top_layers
        modules = linear_maps(transformer, params.target_modules, first)
    if getattr(transformer, "is_quantized", False):
        transformer = prepare_model_for_kbit_training(transformer, use_gradient_checkpointing=False)
    config = LoraConfig(
        r=params.rank,
        lora_alpha=params.alpha,
        lora_dropout=params.dropout,
        target_modules=modules,
        bias="none",
    )
    try:
        return get_peft_model(transformer, config)
    except ValueError as error:
        raise LexfitError(
            f"params.yaml: {key}.target_modules",
            f"{params.target_modules} don't fit this model: {error}",
            "Try [all-linear]",
        ) from error


def linear_maps(transformer: nn.Module, wanted: list[str], first: int) -> list[str]:
    """Full names of linear maps in the layers from `first` on.

    PEFT's own choice of layers doesn't go with `all-linear`, and misses the layers of decoders.

    Args:
        transformer: Its modules' names tell the layers.
        wanted: How the names end, or `all-linear`.
        first: The lowest layer.
    """
    found = []
    for name, module in transformer.named_modules():
        layer = layer_of(name)
        fits = wanted == ["all-linear"] or any(f".{name}".endswith(f".{end}") for end in wanted)
        if layer is not None and layer >= first and isinstance(module, nn.Linear) and fits:
            found.append(name)
    return found


def save_adapter(model: SentenceTransformer, folder: Path) -> None:
    """Save the LoRA weights (safetensors) and their config."""
    model[0].model.save_pretrained(str(folder), safe_serialization=True)


def merge_adapter(base: SentenceTransformer, folder: Path) -> SentenceTransformer:
    """Merge a saved adapter into a freshly loaded base and return it as a plain model.

    A quantised base is dequantised first: the result is what was trained, where merging into 4 bits would round
    the adapter away, and merging into the whole weights changes what it was trained on.
    """
    from peft import PeftModel  # noqa: PLC0415

    transformer = base[0].model
    if getattr(transformer, "is_quantized", False):
        transformer = transformer.dequantize(dtype=torch.float32).float()
    base[0].model = PeftModel.from_pretrained(transformer, str(folder)).merge_and_unload(safe_merge=True)
    return base
