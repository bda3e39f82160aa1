"""A finished model whose embeddings are kept: no text is encoded twice, whatever asks for it."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Router

from lexfit.cache import cache_folder, digest
from lexfit.tensor_store import TensorStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lexfit.config import RuntimeParams

LIBRARIES = ("torch", "transformers", "sentence-transformers", "tokenizers")
SHARED_FROM = 1000  # texts from which on it pays to start processes
OWN = ("_store", "_devices")
DEFAULTS = {"output_value": "sentence_embedding", "precision": "float32"}


class CachedEncoder(SentenceTransformer):
    """A model whose `encode` looks each text up, by its content and the model's, before it computes.

    Baselines, mining, mteb, audit, retention and search share the store. On a CPU a text is encoded alone, so that its
    vector doesn't depend on what else is in its batch: cached equals uncached to the bit. That costs nothing for long
    texts. On other devices missing texts are encoded in batches, and the last digits may differ. Where many are missing
    several processes share them, one on each of `devices`.

    The weights must not change from the first call on; made inside of `torch.autocast`, it is for calls inside of it.
    """

    _store: TensorStore
    _devices: tuple[str, ...]

    @classmethod
    def of(cls, model: SentenceTransformer, megabytes: int, devices: tuple[str, ...] = ()) -> CachedEncoder:
        """The same model, modules shared, with the store below lexfit's cache folder.

        Args:
            model: Finished: its modules, prompts and length stay as they are.
            megabytes: Size cap of the store, all models together.
            devices: Of the processes that share much work; none or one: this process does all.
        """
        cached = cls.__new__(cls)
        cached.__dict__.update(model.__dict__)
        cached._devices = devices
        cached._store = TensorStore(cache_folder("embeddings"), embedding_scope(model), megabytes)
        return cached

    @torch.inference_mode()
    def encode(
        self,
        inputs: Any,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int = 32,
        show_progress_bar: bool | None = None,
        *,
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
        normalize_embeddings: bool = False,
        truncate_dim: int | None = None,
        task: str | None = None,
        **others: Any,
    ) -> Any:
        """As `SentenceTransformer.encode`; what asks for more than sentence embeddings of texts isn't kept."""
        texts = [inputs] if isinstance(inputs, str) else list(inputs)
        others = {name: value for name, value in others.items() if value not in (None, DEFAULTS.get(name))}
        own = {"normalize_embeddings": normalize_embeddings, "truncate_dim": truncate_dim}
        common = {"batch_size": batch_size, "show_progress_bar": show_progress_bar, "task": task, **own, **others}
        if others or not texts or not all(isinstance(text, str) for text in texts):
            conversion = {"convert_to_numpy": convert_to_numpy, "convert_to_tensor": convert_to_tensor}
            return super().encode(inputs, prompt_name, prompt, **common, **conversion)
        prompt = self._resolve_prompt(prompt, prompt_name)
        route = task if any(isinstance(module, Router) for module in self) else None
        keys = {text: json.dumps([prompt, text, own, route]).encode() for text in texts}
        kept = {text: self._store.get(key) for text, key in keys.items()}
        found = {text: vector for text, vector in kept.items() if vector is not None}
        missing = [text for text in keys if text not in found]
        if self.device.type == "cpu":
            common["batch_size"] = 1
        if missing:
            computed = self._computed(missing, prompt=prompt, convert_to_tensor=True, **common)
            for text, vector in zip(missing, computed.cpu(), strict=True):
                found[text] = vector.clone()
                self._store.put(keys[text], found[text])
        rows = torch.stack([found[text] for text in texts]).to(self.device)
        vectors = rows if convert_to_tensor else rows.float().cpu().numpy() if convert_to_numpy else list(rows)
        return vectors[0] if isinstance(inputs, str) else vectors

    def _computed(self, texts: list[str], **how: Any) -> torch.Tensor:
        """Embeddings of texts, shape (texts, dimension)."""
        kind = self.device.type
        if len(self._devices) < 2 or len(texts) < SHARED_FROM or torch.is_autocast_enabled(kind):
            alone: torch.Tensor = super().encode(texts, **how)
            return alone
        plain = SentenceTransformer.__new__(SentenceTransformer)
        plain.__dict__.update({name: value for name, value in self.__dict__.items() if name not in OWN})
        device = self.device
        with same_threads():
            shared: torch.Tensor = plain.encode(texts, device=list(self._devices), **how)
        self.to(device)  # the processes took the model to the CPU
        return shared


@contextmanager
def same_threads() -> Iterator[None]:
    """Processes that are started while this lasts compute with as many threads as this one, and so the same bytes."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(torch.get_num_threads())
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def devices_of(runtime: RuntimeParams) -> tuple[str, ...]:
    """One device for each of `runtime.processes`."""
    kind = runtime.device.partition(":")[0]
    return tuple(f"cuda:{number}" if kind == "cuda" else kind for number in range(runtime.processes))


def cached(model: SentenceTransformer, runtime: RuntimeParams) -> SentenceTransformer:
    """The model with its embeddings kept, up to `runtime.embedding_cache_mb` MiB; as it is where that is 0."""
    if not runtime.embedding_cache_mb:
        return model
    return CachedEncoder.of(model, runtime.embedding_cache_mb, devices_of(runtime))


def autocast_scope(device: str) -> dict[str, str]:
    """The type that products are computed in, where that isn't the weights' own."""
    return {"autocast": str(torch.get_autocast_dtype(device))} if torch.is_autocast_enabled(device) else {}


def embedding_scope(model: SentenceTransformer) -> dict[str, Any]:
    """All that an embedding depends on beside prompt and text: weights, modules, tokenizer, length, machine."""
    weights = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        weights.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        weights.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    config = getattr(model[0], "config", None)
    tokenizer = json.loads(model.tokenizer.backend_tokenizer.to_str())
    for state in ("truncation", "padding"):  # of its last call; the length is a key of its own
        del tokenizer[state]
    return {
        "weights": weights.hexdigest(),
        "modules": [f"{name}: {module}" for name, module in model.named_children()],
        "config": digest(json.loads(config.to_json_string())) if config is not None else None,
        "attention": getattr(config, "_attn_implementation", None),
        "tokenizer": digest(tokenizer),
        "max_seq_length": model.max_seq_length,
        "truncate_dim": model.truncate_dim,
        "device": model.device.type,
        **autocast_scope(model.device.type),
        "threads": torch.get_num_threads(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
