"""All that a frozen layer's output depends on beside the text."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from lexfit.cache import digest
from lexfit.model_files import gguf_parts, joined_sha256, model_folder

if TYPE_CHECKING:
    from lexfit.config import HardwareParams, ModelParams, RuntimeParams


def weights_identity(model: ModelParams) -> str:
    """What names a base model's weights: the Hub's revision, or the hash of the local files."""
    if parts := gguf_parts(model):
        return joined_sha256(parts)
    folder = model_folder(model)
    if folder is None:
        return f"{model.hub_id}@{model.revision}"
    hashes = {}
    for file in sorted([*folder.rglob("*.safetensors"), *folder.rglob("config.json")]):
        with file.open("rb") as stream:
            hashes[str(file.relative_to(folder))] = hashlib.file_digest(stream, "sha256").hexdigest()
    return digest(hashes)


def trunk_scope(
    model: ModelParams, hardware: HardwareParams, runtime: RuntimeParams, depth: int, dtype: str
) -> dict[str, Any]:
    """All that a trunk's output depends on beside the text's tokens, its length among them.

    Args:
        model: The base model.
        hardware: Quantisation and attention kernel change the last digits.
        runtime: So does the device.
        depth: Layers in the trunk.
        dtype: In which they compute.
    """
    return {
        "weights": weights_identity(model),
        "depth": depth,
        "dtype": dtype,
        "quantization": hardware.quantization,
        "attention": hardware.attention,
        "threads": 1,  # for each text, see `side_by_side`
        "device": runtime.device.split(":")[0],
        "torch": version("torch"),
        "transformers": version("transformers"),
    }
