"""TSDAE: words go by chance but not all, texts come in turn, the loss falls, a seed gives the same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.training.adaptation import adapt, damaged, rows
from lexfit.training.base_models import load_base_model
from tests.training.architectures import build
from tests.training.test_trainer import WORDS

Make = Callable[..., Params]
TEXTS = [f"the law of {word} says what {word} is and who answers for it" for word in WORDS]


@given(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=30), deletion=st.floats(0, 0.99), seed=st.text())
def test_what_is_left_is_a_subsequence_of_one_word_at_least(words: list[str], deletion: float, seed: str) -> None:
    kept = damaged(" ".join(words), deletion, seed).split()
    assert kept
    left = iter(words)
    assert all(word in left for word in kept)
    assert damaged(" ".join(words), 0.0, seed).split() == words


def test_the_share_of_deleted_words_is_what_was_asked_for() -> None:
    text = " ".join(["word"] * 4000)
    assert len(damaged(text, 0.6, "1").split()) == pytest.approx(1600, abs=120)


def test_every_text_comes_before_any_comes_again_and_is_damaged_anew(make_params: Make) -> None:
    made = rows(TEXTS, make_params("adapt.steps=4", "adapt.batch_size=4"))
    assert Counter(row["text"] for row in made) == dict.fromkeys(TEXTS, 2)
    assert {row["text"] for row in made[:8]} == set(TEXTS)
    assert len({row["damaged"] for row in made}) > 8


def settings(make_params: Make, model: Path) -> Params:
    changed = ["adapt.steps=12", "adapt.batch_size=4", "adapt.learning_rate=0.003"]
    return make_params(f"model.path={model}", "adapt=tsdae", *changed)


def test_the_loss_falls_and_every_layer_is_another_and_a_second_run_gives_the_same_bytes(
    tiny_model: Path, make_params: Make, tmp_path: Path
) -> None:
    params = settings(make_params, tiny_model)
    model, facts = adapt(params, TEXTS, tmp_path / "one")
    assert facts["mean_loss_of_last_tenth"] < facts["mean_loss_of_first_tenth"] - 0.5
    assert (facts["texts"], facts["steps"]) == (8, 12)
    base = dict(load_base_model(params.model, params.hardware, params.runtime).named_parameters())
    adapted = dict(model.named_parameters())
    assert adapted.keys() == base.keys()
    for layer in ("layer.0", "layer.1"):
        assert any(not torch.equal(adapted[name], base[name]) for name in base if layer in name)
    again, _ = adapt(params, TEXTS, tmp_path / "two")
    for name, value in again.named_parameters():
        assert torch.equal(value, adapted[name]), name
    assert model.max_seq_length == params.model.max_seq_length


def test_a_model_without_a_decoder_that_reads_an_embedding_is_refused(make_params: Make, tmp_path: Path) -> None:
    folder = build("qwen3-embedding-0.6b", tmp_path)
    params = make_params("model=qwen3-embedding-0.6b", f"model.path={folder}", "adapt=tsdae")
    with pytest.raises(LexfitError, match=r"qwen3-embedding-0\.6b is a qwen3 model"):
        adapt(params, TEXTS, tmp_path)
