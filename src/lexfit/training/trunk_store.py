"""The trunk's outputs on disk, below a size cap, keyed by all that they depend on."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import diskcache
from safetensors import SafetensorError
from safetensors.torch import load, save

from lexfit.cache import cache_folder, digest
from lexfit.model_files import gguf_parts, joined_sha256, model_folder

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from lexfit.config import HardwareParams, ModelParams, RuntimeParams

CHECKSUM = 32  # bytes of SHA-256 in front of each entry


class _Bytes(diskcache.Disk):
    """Bytes in, bytes out: nothing on disk is ever unpickled."""

    def get(self, key: Any, raw: bool) -> Any:
        if not raw:
            raise ValueError("a cache key that isn't plain bytes")
        return super().get(key, raw)

    def fetch(self, mode: int, filename: Any, value: Any, read: bool) -> Any:
        if mode == diskcache.core.MODE_PICKLE:
            raise ValueError("a cache entry that isn't plain bytes")
        return super().fetch(mode, filename, value, read)


class TrunkStore:
    """Trunk outputs by token ids, as safetensors behind a checksum; least recently used ones go first.

    Args:
        scope: All that an output depends on beside its tokens (see `trunk_scope`).
        megabytes: Size cap of the whole store, all scopes together.
        folder: Where it is; lexfit's cache folder by default.
    """

    def __init__(self, scope: dict[str, Any], megabytes: int, folder: Path | None = None) -> None:
        self._scope = bytes.fromhex(digest(scope))
        self._cache = diskcache.Cache(
            str(folder or cache_folder("trunk")),
            disk=_Bytes,
            size_limit=megabytes * 2**20,
            eviction_policy="least-recently-used",
        )

    def get(self, tokens: bytes) -> Tensor | None:
        """The output kept for a text, or None. A damaged entry is dropped, and so computed anew."""
        key = self._key(tokens)
        with suppress(OSError, ValueError, TypeError, SafetensorError):
            entry = self._cache.get(key)
            if entry is None:
                return None
            if hashlib.sha256(entry[CHECKSUM:]).digest() == entry[:CHECKSUM]:
                hidden: Tensor = load(entry[CHECKSUM:])["hidden"]
                return hidden
        self._cache.delete(key)
        return None

    def put(self, tokens: bytes, hidden: Tensor) -> None:
        """Keep an output, shape (tokens, hidden)."""
        data = save({"hidden": hidden})
        self._cache.set(self._key(tokens), hashlib.sha256(data).digest() + data)

    def _key(self, tokens: bytes) -> bytes:
        return self._scope + hashlib.sha256(tokens).digest()


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
        hardware: Quantisation, attention kernel and threads change the last digits.
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
        "threads": hardware.threads,
        "device": runtime.device.split(":")[0],
        "torch": version("torch"),
        "transformers": version("transformers"),
    }
