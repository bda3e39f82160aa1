"""Embeddings of a corpus, kept by the content of model and texts: the same corpus is embedded once."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from lexfit.cache import cache_folder, digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentence_transformers import SentenceTransformer
    from torch import Tensor

CHECKSUM = 32  # bytes of SHA-256 in front of the tensor


def model_digest(model: SentenceTransformer) -> str:
    """SHA-256 of all that an embedding depends on beside its text: weights, modules, prompts, length, libraries."""
    weights = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        weights.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        weights.update(tensor.detach().cpu().contiguous().flatten().view(_bytes()).numpy().tobytes())
    return digest(
        {
            "weights": weights.hexdigest(),
            "modules": [f"{name}: {module}" for name, module in model.named_children()],
            "tokenizer": hashlib.sha256(model.tokenizer.backend_tokenizer.to_str().encode()).hexdigest(),
            "prompts": model.prompts,
            "max_seq_length": model.max_seq_length,
            "libraries": {n: version(n) for n in ("torch", "transformers", "sentence-transformers", "tokenizers")},
        }
    )


def embedded_passages(model: SentenceTransformer, texts: Sequence[str], batch_size: int) -> Tensor:
    """Embeddings of documents, float32, shape (texts, dimension), from the cache if they are there.

    A damaged file is computed anew and replaced.

    Args:
        model: Its document prompt, if any, goes in front.
        texts: In the order of the rows.
        batch_size: Texts embedded at once; part of the key, since sums change with a batch's padding.
    """
    from safetensors.torch import load, save  # noqa: PLC0415  (torch)

    key = {"model": model_digest(model), "texts": list(texts), "batch_size": batch_size, "device": str(model.device)}
    path = cache_folder("embeddings") / digest(key)
    with suppress(OSError, SafetensorError, KeyError):
        entry = path.read_bytes()
        if hashlib.sha256(entry[CHECKSUM:]).digest() == entry[:CHECKSUM]:
            kept: Tensor = load(entry[CHECKSUM:])["embeddings"]
            return kept.to(model.device)
    options = {"batch_size": batch_size, "convert_to_tensor": True, "show_progress_bar": False}
    embeddings: Tensor = model.encode_document(list(texts), **options).float()
    data = save({"embeddings": embeddings.cpu().contiguous()})
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    with os.fdopen(handle, "wb") as stream:
        stream.write(hashlib.sha256(data).digest() + data)
    Path(partial).replace(path)
    return embeddings


def _bytes() -> object:
    import torch  # noqa: PLC0415

    return torch.uint8
