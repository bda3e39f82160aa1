"""Splitting of long documents into passages: at clauses and paragraphs, or by a model's tokens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError
from lexfit.model_files import model_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tokenizers import Tokenizer

    from lexfit.config import CleanParams, ModelParams

# A new line, or the start of a numbered clause such as "(2)", "(iv)" or "Provided that" after a stop.
CLAUSE = re.compile(r"\n+|(?<=[.;:—-])\s+(?=\((?:\d+[A-Z]?|[a-z]{1,4})\)\s)|(?<=[.;:])\s+(?=Provided\s)")


def by_clause(text: str, max_words: int) -> list[str]:
    """Clauses and paragraphs, short neighbours joined up to `max_words` words; a longer clause stays whole."""
    passages: list[str] = []
    size = 0
    for part in (p.strip() for p in CLAUSE.split(text)):
        if not part:
            continue
        words = len(part.split())
        if passages and size + words <= max_words:
            passages[-1] += " " + part
            size += words
        else:
            passages.append(part)
            size = words
    return passages or [text]


def by_tokens(text: str, tokenizer: Tokenizer, size: int, overlap: int) -> list[str]:
    """Windows of `size` tokens that share `overlap` tokens with the one before, cut from the text itself."""
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    if len(offsets) <= size:
        return [text]
    passages = []
    for start in range(0, len(offsets), size - overlap):
        window = offsets[start : start + size]
        passages.append(text[window[0][0] : window[-1][1]])
        if start + size >= len(offsets):
            break
    return passages


def load_tokenizer(model: ModelParams) -> Tokenizer:
    """The fast tokenizer of a base model, without importing torch; truncation and padding are off."""
    from tokenizers import Tokenizer  # noqa: PLC0415

    file = model_folder(model)
    try:
        if file is not None:
            tokenizer = Tokenizer.from_file(str(file / "tokenizer.json"))
        else:
            tokenizer = Tokenizer.from_pretrained(model.hub_id, revision=model.revision)
    except Exception as error:  # `tokenizers` raises bare Exception for absent files and hubs
        raise LexfitError(
            "params.yaml: clean.split",
            f"the tokenizer of {model.hub_id} can't be had: {error}",
            "Use `-S clean=split_clause`, or `-S model=all-minilm-l6-v2`, which needs no network",
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def splitter(params: CleanParams, model: ModelParams) -> Callable[[str], list[str]]:
    """The function from a cleaned text to its passages that `clean.split` asks for."""
    if params.split == "none":
        return lambda text: [text]
    if params.split == "clause":
        return lambda text: by_clause(text, params.split_tokens)
    tokenizer = load_tokenizer(model)
    return lambda text: by_tokens(text, tokenizer, params.split_tokens, params.split_overlap)
