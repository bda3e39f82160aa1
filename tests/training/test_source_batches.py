"""Batches of one source each: shares by temperature and weight, small sources repeated, the same order again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sentence_transformers.base.sampler import DefaultBatchSampler
from torch.utils.data import ConcatDataset, RandomSampler

from lexfit.config import Params
from lexfit.training.batches import TrainingData
from lexfit.training.source_batches import SourceBatchSampler, batch_counts
from lexfit.training.text_loss import TextLoss
from lexfit.training.trainer import fine_tune
from tests.training.test_trainer import make_data


@given(
    rows=st.lists(st.integers(1, 5000), min_size=2, max_size=5),
    temperature=st.floats(0.5, 10),
    total=st.integers(5, 200),
)
def test_counts_sum_to_the_total_and_no_source_is_left_out(rows: list[int], temperature: float, total: int) -> None:
    counts = batch_counts(rows, [1.0] * len(rows), temperature, total)
    assert min(counts) >= 1
    assert sum(counts) >= total
    assert sum(counts) <= total + len(rows)


def test_temperature_evens_out_and_weight_multiplies() -> None:
    assert batch_counts([900, 100], [1, 1], 1.0, 100) == [90, 10]
    assert batch_counts([900, 100], [1, 1], 2.0, 100) == [75, 25]
    assert batch_counts([900, 100], [1, 9], 1.0, 100) == [50, 50]


def sampler(weights: list[float], temperature: float) -> SourceBatchSampler:
    generator = torch.Generator()
    sources: list[Any] = [[f"a{n}" for n in range(12)], [f"b{n}" for n in range(5)]]
    samplers = [
        DefaultBatchSampler(RandomSampler(own, generator=generator), batch_size=4, drop_last=False) for own in sources
    ]
    return SourceBatchSampler(
        ConcatDataset(sources), samplers, weights=weights, temperature=temperature, generator=generator, seed=1
    )


def test_every_batch_is_of_one_source_and_small_sources_repeat() -> None:
    own = sampler([1.0, 5.0], 1.0)  # 5 batches: 12 rows against 5 x 5 = 25, so 2 and 3
    batches = list(own)
    assert len(batches) == len(own) == 5
    kinds = [{row >= 12 for row in batch} for batch in batches]
    assert all(len(kind) == 1 for kind in kinds)
    assert sum(True in kind for kind in kinds) == own.counts[1] == 3
    seen = Counter(row for batch in batches for row in batch if row >= 12)
    assert set(seen) == {12, 13, 14, 15, 16}
    assert max(seen.values()) == 2


def test_the_same_seed_and_epoch_give_the_same_batches() -> None:
    first, second = sampler([1.0, 1.0], 2.0), sampler([1.0, 1.0], 2.0)
    assert list(first) == list(second)
    second.set_epoch(1)
    assert list(first) != list(second)


def two_sources() -> TrainingData:
    """The trainer's eight pairs, the last three of another source."""
    data = make_data()
    for names in (data.query_sources, data.doc_sources):
        names[5:] = ["other"] * 3
    return data


def test_training_fills_each_batch_from_one_source(
    tiny_model: Path, make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    params = make_params(f"model.path={tiny_model}", "batches=apart", "batches.size=2", "train.epochs=2")
    seen: list[set[str]] = []
    forward, data = TextLoss.forward, two_sources()

    def recorded(self: TextLoss, features: object, labels: torch.Tensor) -> torch.Tensor:
        seen.append({data.query_sources[row] for row in labels[:, 0].tolist()})
        return forward(self, features, labels)  # type: ignore[arg-type]

    monkeypatch.setattr(TextLoss, "forward", recorded)
    trained = fine_tune(params, data, tmp_path / "live")
    assert trained.facts["steps"] == len(seen) == 10
    assert Counter(name for names in seen for name in names) == {"task": 6, "other": 4}
    assert all(len(names) == 1 for names in seen)


def test_prompts_of_a_source_stand_before_its_texts_alone(make_params: Callable[..., Params]) -> None:
    params = make_params(
        "data/train=constitution",
        "data.train.constitution.query_prompt='find the article: '",
        "model.query_prompt='find the law: '",
    )
    data = make_data()
    assert data.prompts(params.model, {}) is None
    data.query_sources[0] = data.doc_sources[0] = "constitution"
    fronts = data.prompts(params.model, params.data.train)
    assert fronts is not None
    assert fronts[0][:2] == ["find the article: ", "find the law: "]
    assert set(fronts[1]) == {""}
