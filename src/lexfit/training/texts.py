"""Every unique text of a training run, tokenised once, and its embedding by the model as it is."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from lexfit.training.attention import attention_kernel
from lexfit.training.token_sampling import only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentence_transformers import SentenceTransformer

    from lexfit.training.token_sampling import TokenSampler
    from lexfit.training.trunk import FrozenTrunk


class TextTable:
    """Queries and passages by number: queries come first, passage p is text `len(queries) + p`.

    Args:
        model: Tokenises; its prompts `query` and `document` are put in front, and its `max_seq_length` holds.
        queries: Texts of the queries.
        passages: Texts of the passages.
        trunk: The frozen layers, whose outputs are then used in place of tokens; None runs every layer each time.
        prompts: What stands in front of each query and each passage; None: the model's prompts in front of all.
        attention: Kernel of the layers above the trunk (`hardware.training_attention`); None: the model's own.
        sampler: Leaves out tokens above the trunk while the model is in training mode; None: all are kept.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        queries: list[str],
        passages: list[str],
        trunk: FrozenTrunk | None,
        prompts: tuple[list[str], list[str]] | None = None,
        *,
        attention: str | None = None,
        sampler: TokenSampler | None = None,
    ) -> None:
        self.queries = len(queries)
        self._trunk, self.attention, self.sampler = trunk, attention, sampler
        self._tokenizer = model.tokenizer
        query, document = (model.prompts.get(name) or "" for name in ("query", "document"))
        fronts = prompts or ([query] * len(queries), [document] * len(passages))
        self._features = [
            dict(model.preprocess([text], prompt=front or None))
            for texts, own in zip((queries, passages), fronts, strict=True)
            for text, front in zip(texts, own, strict=True)
        ]
        self._lengths = [int(f["input_ids"].shape[1]) for f in self._features]

    def __len__(self) -> int:
        return len(self._features)

    def chunks(self, indices: Sequence[int], size: int) -> list[list[int]]:
        """The texts in groups of up to `size`, queries and passages apart, each group of like lengths."""
        groups = []
        for kind in (False, True):
            own = sorted((i for i in indices if (i >= self.queries) is kind), key=lambda i: (self._lengths[i], i))
            groups += [own[start : start + size] for start in range(0, len(own), size)]
        return groups

    def embed(self, model: Any, indices: Sequence[int]) -> Tensor:
        """Embeddings of one group of texts, shape (texts, dimension), float32, in the order of `indices`."""
        device = next(model.parameters()).device
        own, kept = [self._features[i] for i in indices], None
        if self.sampler and model.training:
            kept = [self.sampler.kept(i, self._lengths[i]) for i in indices]
            own = [only(text, positions) for text, positions in zip(own, kept, strict=True)]
        features = self._pad(own)
        if kept:
            side = "left" if self._left else "right"
            features["position_ids"] = pad_sequence(kept, batch_first=True, padding_side=side)
        features = {k: v.to(device) if isinstance(v, Tensor) else v for k, v in features.items()}
        replay: Any = nullcontext()
        if self._trunk:
            hidden = self._trunk.outputs([self._features[i] for i in indices])
            if kept:
                hidden = [states[positions] for states, positions in zip(hidden, kept, strict=True)]
            replay = self._trunk.replay(self._pad_hidden(hidden, features["input_ids"].shape[1]).to(device))
        with replay, attention_kernel(model, self.attention):
            embedding: Tensor = model(features)["sentence_embedding"]
        return embedding.float() if embedding.dtype in {torch.float16, torch.bfloat16} else embedding

    def _pad(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        tensors = [k for k, v in features[0].items() if isinstance(v, Tensor) and v.ndim == 2]
        padded = self._tokenizer.pad({k: [f[k][0].tolist() for f in features] for k in tensors}, return_tensors="pt")
        return {**features[0], **padded}

    def _pad_hidden(self, hidden: list[Tensor], length: int) -> Tensor:
        out = hidden[0].new_zeros(len(hidden), length, hidden[0].shape[1])
        for row, states in enumerate(hidden):
            where = slice(length - len(states), length) if self._left else slice(0, len(states))
            out[row, where] = states
        return out

    @property
    def _left(self) -> bool:
        return bool(self._tokenizer.padding_side == "left")
