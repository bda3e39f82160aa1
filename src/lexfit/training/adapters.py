"""What trains: all weights, the top layers, or low-rank adapters; and their merge into a plain model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from lexfit.errors import LexfitError
from lexfit.training.layers import check_top_layers, find_layers, freeze_below

if TYPE_CHECKING:
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

    from lexfit.config import AdapterParams


def attach(model: SentenceTransformer, params: AdapterParams) -> None:
    """Prepare a model for training as `params` say; for LoRA its transformer becomes a `PeftModel`."""
    transformer = model[0].model
    if params.kind == "full":
        if params.top_layers is not None:
            freeze_below(transformer, params.top_layers)
        return
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training  # noqa: PLC0415

    modules: list[str] | str = "all-linear" if params.target_modules == ["all-linear"] else params.target_modules
    layers = None
    if params.top_layers is not None:
        total = check_top_layers(transformer, params.top_layers)
        layers = list(range(total - params.top_layers, total))
        if modules == "all-linear":  # PEFT's own word for it can't be had for some layers only
            modules = linear_names(find_layers(transformer))
    if getattr(transformer, "is_quantized", False):
        transformer = prepare_model_for_kbit_training(transformer, use_gradient_checkpointing=False)
    config = LoraConfig(
        r=params.rank,
        lora_alpha=params.alpha,
        lora_dropout=params.dropout,
        target_modules=modules,
        layers_to_transform=layers,
        bias="none",
    )
    try:
        model[0].model = get_peft_model(transformer, config)
    except ValueError as error:
        raise LexfitError(
            "params.yaml: adapter.target_modules",
            f"{params.target_modules} don't fit this model: {error}",
            "Try [all-linear]",
        ) from error


def linear_names(layers: nn.ModuleList) -> list[str]:
    """What the linear maps inside of layers are called, such as `q_proj`."""
    named = (item for layer in layers for item in layer.named_modules())
    return sorted({name.split(".")[-1] for name, module in named if isinstance(module, nn.Linear)})


def save_adapter(model: SentenceTransformer, folder: Path) -> None:
    """Save the LoRA weights (safetensors) and their config."""
    model[0].model.save_pretrained(str(folder), safe_serialization=True)


def merge_adapter(base: SentenceTransformer, folder: Path) -> SentenceTransformer:
    """Merge a saved adapter into a freshly loaded, unquantised base and return it as a plain model."""
    from peft import PeftModel  # noqa: PLC0415

    base[0].model = PeftModel.from_pretrained(base[0].model, str(folder)).merge_and_unload(safe_merge=True)
    return base
