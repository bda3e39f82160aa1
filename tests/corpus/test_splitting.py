"""Splitting loses no words, and token windows are the model's own tokens."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from lexfit.config import Params
from lexfit.corpus.splitting import by_clause, by_tokens, load_tokenizer, splitter
from lexfit.errors import LexfitError

ARTICLE = (
    "No person shall be deprived: (1) The first clause says this; (2) The second says that. "
    "Provided that nothing follows.\n\nA new paragraph."
)


def test_clauses_keep_every_word_in_order() -> None:
    passages = by_clause(ARTICLE, 8)
    assert " ".join(passages).split() == ARTICLE.split()
    assert any(p.startswith("(2)") for p in passages)
    assert len(passages) >= 4


def test_short_neighbours_are_joined_up_to_the_limit() -> None:
    assert by_clause("a b\nc d\ne f g h", 4) == ["a b c d", "e f g h"]
    assert by_clause("short", 100) == ["short"]


def test_token_windows_overlap_and_cover_the_text(make_params: Callable[..., Params]) -> None:
    tokenizer = load_tokenizer(make_params().model)
    text = " ".join(f"word{i} jurisprudence" for i in range(100))
    passages = by_tokens(text, tokenizer, 50, 10)
    assert all(len(tokenizer.encode(p, add_special_tokens=False).ids) <= 50 for p in passages)
    assert passages[0] in text
    assert text.startswith(passages[0])
    assert text.endswith(passages[-1])
    assert all(set(a.split()[-2:]) & set(b.split()) for a, b in itertools.pairwise(passages))


def test_none_keeps_documents_whole(make_params: Callable[..., Params]) -> None:
    params = make_params()
    assert splitter(params.clean, params.model)(ARTICLE) == [ARTICLE]


def test_a_tokenizer_that_cannot_be_had_names_the_way_out(
    make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    params = make_params("model=qwen3-embedding-0.6b", "clean=split_tokens")
    with pytest.raises(LexfitError, match="clean=split_clause"):
        splitter(params.clean, params.model)
