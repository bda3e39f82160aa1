"""What an evaluation will take, said before it starts: from a few texts that are encoded to see."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, NamedTuple

from lexfit.evaluation.subset import drawn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sentence_transformers import SentenceTransformer

SAMPLE = 16  # texts
FLOAT = 4  # bytes


class Estimate(NamedTuple):
    """Of a list of texts: how many, how many tokens of them the model reads, and what encoding them takes."""

    texts: int
    tokens: int
    seconds: float
    mebibytes: float


def read_tokens(model: SentenceTransformer, texts: list[str]) -> list[int]:
    """Tokens of each text that the model reads."""
    if not texts:
        return []
    encoded = model.tokenizer(texts, truncation=True, max_length=model.max_seq_length)
    return [len(ids) for ids in encoded["input_ids"]]


def seconds_per_token(model: SentenceTransformer, texts: list[str]) -> float:
    """Measured on up to 16 of the texts, drawn by their content; each is encoded alone, as a first one before them."""
    sample = sorted(drawn(texts, SAMPLE, 0))
    model.encode(sample[0], show_progress_bar=False)
    start = time.perf_counter()
    for text in sample:
        model.encode(text, show_progress_bar=False)
    return (time.perf_counter() - start) / sum(read_tokens(model, sample))


def estimate(model: SentenceTransformer, texts: Iterable[str], rate: float) -> Estimate:
    """Time and peak memory of encoding each distinct text once.

    Args:
        model: Not one that keeps embeddings, whose answers take no time.
        texts: All that are encoded.
        rate: Of `seconds_per_token`.
    """
    distinct = sorted(set(texts))
    tokens = sum(read_tokens(model, distinct))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    vectors = len(distinct) * (model.get_embedding_dimension() or 0) * FLOAT / 2**20
    return Estimate(len(distinct), tokens, tokens * rate, peak + 2 * vectors)


def announcement(part: Estimate, whole: Estimate) -> str:
    """The estimate in a sentence or two.

    Args:
        part: Of what is evaluated now.
        whole: Of what a full evaluation would take; the same where nothing is left out.
    """

    def amount(found: Estimate) -> str:
        return f"{found.texts} texts, {found.tokens} tokens, about {found.seconds:.0f} s and {found.mebibytes:.0f} MiB"

    rest = "" if part[:2] == whole[:2] else f"; the whole would be {amount(whole)}"
    return f"evaluating {amount(part)}{rest} (less what the cache of embeddings holds)"
