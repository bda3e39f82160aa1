"""Smaller vectors of the same model: fewer dimensions (Matryoshka), int8 and binary codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from mteb.models.sentence_transformer_wrapper import SentenceTransformerEncoderWrapper
from mteb.types import PromptType
from sentence_transformers.util import quantize_embeddings

from lexfit.errors import LexfitError
from lexfit.evaluation.benchmark import as_encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentence_transformers import SentenceTransformer

Precision = Literal["float32", "int8", "binary"]
BITS: dict[str, int] = {"float32": 32, "int8": 8, "binary": 1}


@dataclass(frozen=True)
class Cut:
    """The first `dim` dimensions, each in `precision`; queries in full precision, or (`symmetric`) as the documents."""

    dim: int
    precision: Precision
    symmetric: bool = False

    @property
    def name(self) -> str:
        """Such as `binary-384` or, for queries that are cut as well, `binary-384-both`."""
        return f"{self.precision}-{self.dim}" + ("-both" if self.symmetric else "")

    @property
    def bytes(self) -> int:
        """Of a document's stored vector."""
        return -(-self.dim * BITS[self.precision] // 8)


def wanted_cuts(dim: int, dims: Sequence[int], precisions: Sequence[Precision]) -> list[Cut]:
    """Each truncation in float32, then the whole vector and each truncation in each precision; binary both ways.

    Args:
        dim: Of the model's vectors.
        dims: Truncations, each below `dim`.
        precisions: Of the codes.

    Raises:
        LexfitError: A truncation isn't below `dim`.
    """
    wrong = [cut for cut in dims if not 0 < cut < dim]
    if wrong:
        raise LexfitError(
            "params.yaml: exports.truncations",
            f"asks for {wrong[0]} of the model's {dim} dimensions",
            f"Use whole numbers from 2 to {dim}, or []",
        )
    cuts = [Cut(cut, "float32") for cut in dims]
    for size in (dim, *dims):
        for precision in precisions:
            cuts.append(Cut(size, precision))
            if precision == "binary":
                cuts.append(Cut(size, precision, symmetric=True))
    return cuts


def ranges_of(vectors: np.ndarray) -> np.ndarray:
    """Smallest and largest value of each dimension, shape (2, dim), between which int8 codes are spread."""
    return np.stack([vectors.min(axis=0), vectors.max(axis=0)])


def stored(vectors: np.ndarray, cut: Cut, ranges: np.ndarray) -> np.ndarray:
    """What is kept of vectors of shape (texts, dimensions), by sentence-transformers' own quantization."""
    shown = vectors[:, : cut.dim]
    if cut.precision == "float32":
        return shown
    if cut.precision == "int8":
        return np.asarray(quantize_embeddings(shown, "int8", ranges=ranges[:, : cut.dim]))
    return np.asarray(quantize_embeddings(shown, "ubinary"))


def restored(codes: np.ndarray, cut: Cut, ranges: np.ndarray) -> np.ndarray:
    """The vectors that codes stand for, shape (texts, `cut.dim`), float32; a bit stands for -1 or 1.

    A dot product with a query is then what sentence-transformers' `semantic_search_usearch` rescores by; of two
    restored binary vectors it is the dimensions less twice the Hamming distance.
    """
    if cut.precision == "float32":
        return codes
    if cut.precision == "int8":
        low, high = ranges[:, : cut.dim]
        steps = (high - low) / 255
        found: np.ndarray = ((codes.astype(np.float32) + 128) * np.where(steps == 0, 1, steps) + low).astype(np.float32)
        return found
    return np.unpackbits(codes, axis=1, count=cut.dim).astype(np.float32) * 2 - 1


class CutEncoder(SentenceTransformerEncoderWrapper):
    """mteb's encoder of a model whose documents' vectors are stored cut, and queries' too where `cut.symmetric`.

    Args:
        model: The whole model.
        cut: What is stored.
        ranges: Of int8 codes, see `ranges_of`.
        name: Under which mteb files results.
        revision: Likewise.
    """

    def __init__(self, model: SentenceTransformer, cut: Cut, ranges: np.ndarray, name: str, revision: str) -> None:
        super().__init__(model)
        meta = as_encoder(model, name, revision).mteb_model_meta
        self.mteb_model_meta = meta
        self._cut = cut
        self._ranges = ranges

    def encode(self, inputs: Any, *, prompt_type: PromptType | None = None, **kwargs: Any) -> np.ndarray:
        """Vectors as they are after storage."""
        vectors = np.asarray(super().encode(inputs, prompt_type=prompt_type, **kwargs))
        if prompt_type == PromptType.query and not self._cut.symmetric:
            return vectors[:, : self._cut.dim]
        return restored(stored(vectors, self._cut, self._ranges), self._cut, self._ranges)
