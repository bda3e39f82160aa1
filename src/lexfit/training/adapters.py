"""What trains: all weights, the top layers, or low-rank adapters; and their merge into a plain model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.errors import LexfitError
from lexfit.training.layers import check_top_layers, freeze_below

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

    layers = None
    if params.top_layers is not None:
        total = check_top_layers(transformer, params.top_layers)
        layers = list(range(total - params.top_layers, total))
    if getattr(transformer, "is_quantized", False):
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
