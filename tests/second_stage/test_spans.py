"""Whatever tokens a model prefers, what it quotes stands word for word in the text."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lexfit.second_stage.spans import Spans
from tests.training.architectures import tokenizer_of

END = 10**6
TEXT = "Whoever commits theft, or is party to theft,\n shall be  punished; theft is theft of the deceased's things."


@pytest.fixture(scope="module", params=["llama", "mistral", "bert"])
def tokenizer(request: pytest.FixtureRequest) -> Any:
    return tokenizer_of(request.param)


def spans(tokenizer: Any, text: str, least: int, most: int) -> Spans:
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return Spans(text, found["input_ids"], found["offset_mapping"], END, least=least, most=most)


def test_any_choice_of_allowed_tokens_quotes_the_text(tokenizer: Any) -> None:
    words = TEXT.split()
    for seed in range(150):
        generator = random.Random(seed)
        own = spans(tokenizer, TEXT, 3, 6)
        written: list[int] = []
        while END not in written:
            written.append(generator.choice(own.allowed(written)))
        quoted = own.quotation(written)
        assert quoted in TEXT
        assert 3 <= len(quoted.split()) <= 6
        assert set(quoted.split()) <= set(words)  # whole words
        assert own.allowed(written) == [END]


def test_a_short_text_is_quoted_whole(tokenizer: Any) -> None:
    own = spans(tokenizer, " theft of things ", 9, 20)
    written: list[int] = []
    while END not in written:
        (token,) = own.allowed(written)
        written.append(token)
    assert own.quotation(written) == "theft of things"


def test_what_the_text_doesnt_hold_is_no_quotation(tokenizer: Any) -> None:
    own = spans(tokenizer, TEXT, 1, 6)
    with pytest.raises(ValueError, match="nowhere"):
        own.quotation([*tokenizer("murder", add_special_tokens=False)["input_ids"], END])
    for text, least in (("  ", 1), (TEXT, 0)):
        with pytest.raises(ValueError, match="least"):
            spans(tokenizer, text, least, 5)
