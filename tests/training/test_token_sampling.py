"""Leaving tokens out above the frozen layers is masking them there, and depends on seed, step and text alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.io import read_json, write_json
from lexfit.training.layers import freeze_below
from lexfit.training.text_loss import TextLoss
from lexfit.training.texts import TextTable
from lexfit.training.token_sampling import FEWEST, TokenSampler, find_sampler
from lexfit.training.trainer import fine_tune, prepare_loss
from lexfit.training.trunk import FrozenTrunk
from tests.training.architectures import ARCHITECTURES, build
from tests.training.test_trainer import WORDS, make_data

Make = Callable[..., Params]
LONG = [" ".join((WORDS * 20)[start : start + count]) for start, count in ((0, 60), (3, 45), (1, 4))]
ROTARY_OR_ABSOLUTE = {kind: name for name, (kind, _) in ARCHITECTURES.items() if kind != "mpnet"}


def table(model: SentenceTransformer, share: float = 0.5) -> TextTable:
    return TextTable(model, LONG, [], FrozenTrunk(model), sampler=TokenSampler(share, 7))


def load(folder: Path) -> SentenceTransformer:
    model = SentenceTransformer(str(folder), device="cpu").double()
    model.max_seq_length = 64
    if model.tokenizer.pad_token is None:
        model.tokenizer.pad_token = model.tokenizer.eos_token
    freeze_below(model[0].model, 1)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model


def widen_windows(folder: Path) -> None:
    for file in folder.rglob("config.json"):
        config = read_json(file)
        if config.get("sliding_window"):
            write_json(file, {**config, "sliding_window": 64})


def test_it_keeps_the_share_with_both_ends_in_order() -> None:
    kept = TokenSampler(0.25, 42).kept(3, 256)
    assert len(kept) == 64
    assert kept[0] == 0
    assert kept[-1] == 255
    assert (kept[1:] > kept[:-1]).all()


def test_short_texts_stay_whole() -> None:
    assert TokenSampler(0.25, 42).kept(0, FEWEST).tolist() == list(range(FEWEST))
    assert len(TokenSampler(0.25, 42).kept(0, FEWEST + 8)) == FEWEST


def test_a_draw_depends_on_seed_step_and_text_alone() -> None:
    def draw(seed: int, step: int, text: int) -> list[int]:
        sampler = TokenSampler(0.5, seed)
        sampler.kept(99, 200)
        sampler.step = step
        return sampler.kept(text, 200).tolist()

    assert draw(1, 2, 3) == draw(1, 2, 3)
    assert len({tuple(draw(*place)) for place in ((1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4))}) == 4


def test_each_inner_token_is_as_likely_to_stay() -> None:
    sampler, counts = TokenSampler(0.5, 42), torch.zeros(100)
    for step in range(2000):
        sampler.step = step
        counts[sampler.kept(0, 100)] += 1
    inner = counts[1:-1] / 2000
    assert abs(float(inner.mean()) - 48 / 98) < 1e-6
    assert float((inner - 48 / 98).abs().max()) < 0.05  # 4.5 standard errors


@pytest.mark.parametrize("architecture", ROTARY_OR_ABSOLUTE)
def test_it_is_the_whole_text_with_those_tokens_masked_above_the_frozen_layers(
    architecture: str, tmp_path: Path
) -> None:
    folder = build(ROTARY_OR_ABSOLUTE[architecture], tmp_path)
    widen_windows(folder)
    model = load(folder).train()
    texts = table(model)
    found = texts.embed(model, [0, 1, 2])
    trunk, sampler = FrozenTrunk(model), TokenSampler(0.5, 7)
    for number, text in enumerate(LONG):
        features: dict[str, Any] = dict(model.preprocess([text]))
        (hidden,) = trunk.outputs([features])
        mask = torch.zeros_like(features["attention_mask"])
        mask[0, sampler.kept(number, len(hidden))] = 1
        assert number == 2 or int(mask.sum()) < len(hidden)
        with trunk.replay(hidden[None]):
            expected = model({**features, "attention_mask": mask})["sentence_embedding"][0]
        torch.testing.assert_close(found[number], expected, rtol=1e-6, atol=1e-9)


def test_scoring_sees_every_token(tiny_model: Path) -> None:
    model = load(tiny_model)
    whole = TextTable(model, LONG, [], FrozenTrunk(model)).embed(model.eval(), [0, 1])
    assert torch.equal(table(model).embed(model.eval(), [0, 1]), whole)
    assert not torch.allclose(table(model).embed(model.train(), [0, 1]), whole)


@pytest.mark.parametrize("other", ["hardware.gradient_cache=true", "hardware.chunk=1"])
def test_chunks_and_cached_gradients_draw_the_same_tokens(tiny_model: Path, make_params: Make, other: str) -> None:
    def gradient(*overrides: str) -> torch.Tensor:
        loss = long_loss(tiny_model, make_params, *overrides)
        loss.model.train()
        loss.begin_step(5)
        loss([], torch.tensor([row["label"] for row in long_data().rows])).backward()
        return torch.cat([p.grad.flatten() for p in loss.model.parameters() if p.grad is not None])

    torch.testing.assert_close(gradient(other), gradient(), rtol=1e-3, atol=1e-6)
    assert not torch.allclose(gradient("seed=1"), gradient(), rtol=1e-3, atol=1e-6)


def long_data() -> Any:
    data = make_data()
    queries, passages = ([f"{text} " * 20 for text in own] for own in (data.query_texts, data.passages))
    return replace(data, query_texts=queries, passages=passages)


def overrides_of(folder: Path) -> list[str]:
    top = ["adapter=top2", "adapter.top_layers=1", "loss=corpus_softmax", "batches=full", "batches.size=3"]
    return [f"model.path={folder}", *top, "model.max_seq_length=64", "train.max_seq_length=64", "train.token_share=0.5"]


def long_loss(folder: Path, make_params: Make, *overrides: str) -> TextLoss:
    return prepare_loss(make_params(*overrides_of(folder), *overrides), long_data())


def test_a_training_counts_its_steps_and_learns(
    tiny_model: Path, make_params: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    begin = TextLoss.begin_step

    def counting(self: TextLoss, number: int) -> None:
        steps.append(number)
        begin(self, number)

    monkeypatch.setattr(TextLoss, "begin_step", counting)
    params = make_params(*overrides_of(tiny_model), "train.epochs=6", "train.learning_rate=0.005")
    curve = fine_tune(params, long_data(), tmp_path / "live").curve
    assert steps == list(range(len(curve)))
    assert sum(point["loss"] for point in curve[-2:]) < 0.9 * sum(point["loss"] for point in curve[:2])


def test_without_frozen_layers_and_with_relative_positions_it_is_refused(
    tiny_model: Path, make_params: Make, tmp_path: Path
) -> None:
    params = make_params(*overrides_of(tiny_model))
    model = load(tiny_model)
    with pytest.raises(LexfitError, match="no layer is frozen"):
        find_sampler(params, model[0].model, None)
    mpnet = load(build("all-mpnet-base-v2", tmp_path))
    with pytest.raises(LexfitError, match="MPNetModel attends by relative distances"):
        find_sampler(params, mpnet[0].model, FrozenTrunk(mpnet))
    gemma = load(build("gemma-3-270m", tmp_path / "gemma"))
    with pytest.raises(LexfitError, match="window of 8 tokens, shorter than 64"):
        find_sampler(params, gemma[0].model, FrozenTrunk(gemma))
    assert find_sampler(make_params(), model[0].model, None) is None
