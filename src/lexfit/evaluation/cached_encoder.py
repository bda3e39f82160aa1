"""A finished model whose embeddings are kept: no text is encoded twice, whatever asks for it."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Router

from lexfit.cache import cache_folder, digest
from lexfit.tensor_store import TensorStore

if TYPE_CHECKING:
    from lexfit.config import RuntimeParams

LIBRARIES = ("torch", "transformers", "sentence-transformers", "tokenizers")
DEFAULTS = {"output_value": "sentence_embedding", "precision": "float32"}


class CachedEncoder(SentenceTransformer):
    """A model whose `encode` looks each text up, by its content and the model's, before it computes.

    Baselines, mining, mteb, audit, retention and search share the store. On a CPU a text is encoded alone, so that its
    vector doesn't depend on what else is in its batch: cached equals uncached to the bit. That costs nothing for long
    texts. On other devices missing texts are encoded in batches, and the last digits may differ.

    The weights must not change from the first call on; made inside of `torch.autocast`, it is for calls inside of it.
    """

    _store: TensorStore

    @classmethod
    def of(cls, model: SentenceTransformer, megabytes: int) -> CachedEncoder:
        """The same model, modules shared, with the store below lexfit's cache folder.

        Args:
            model: Finished: its modules, prompts and length stay as they are.
            megabytes: Size cap of the store, all models together.
        """
        cached = cls.__new__(cls)
        cached.__dict__.update(model.__dict__)
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
            computed = super().encode(missing, prompt=prompt, convert_to_tensor=True, **common)
            for text, vector in zip(missing, computed.cpu(), strict=True):
                found[text] = vector.clone()
                self._store.put(keys[text], found[text])
        rows = torch.stack([found[text] for text in texts]).to(self.device)
        vectors = rows if convert_to_tensor else rows.float().cpu().numpy() if convert_to_numpy else list(rows)
        return vectors[0] if isinstance(inputs, str) else vectors


def cached(model: SentenceTransformer, runtime: RuntimeParams) -> SentenceTransformer:
    """The model with its embeddings kept, up to `runtime.embedding_cache_mb` MiB; as it is where that is 0."""
    return CachedEncoder.of(model, runtime.embedding_cache_mb) if runtime.embedding_cache_mb else model


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
