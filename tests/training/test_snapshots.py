"""The weights on the way of a training are those of a shorter training by the same schedule; a kill loses none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.training.base_models import load_base_model, prepare_torch
from lexfit.training.checkpoints import STATE, load_tensors, trained_state
from lexfit.training.scored_snapshots import score_held_out
from lexfit.training.snapshots import SnapshotCallback
from lexfit.training.trainer import fine_tune, prepare_loss, train
from tests.training.test_trainer import make_data

Make = Callable[..., Params]


@pytest.fixture
def params(tiny_model: Path, make_params: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    common = [f"model.path={tiny_model}", "adapter=full", "batches.size=4", "train.learning_rate=0.005"]
    return lambda *overrides: make_params(*common, *overrides)


def snapshots_of(params: Params, folder: Path, observers: list[Any] | None = None) -> SnapshotCallback:
    prepare_torch(params.hardware, params.seed)
    loss = prepare_loss(params, make_data())
    kept = SnapshotCallback(loss, [1, 3], folder)
    train(params, make_data(), loss, folder / "live", folder, observers=[kept, *(observers or [])])
    return kept


@pytest.mark.parametrize("scheduler", ["linear", "constant_with_warmup"])
def test_a_snapshot_is_the_shorter_training(params: Make, tmp_path: Path, scheduler: str) -> None:
    kept = snapshots_of(params("train.epochs=4", f"train.scheduler={scheduler}"), tmp_path / "long")
    options = ["train.epochs=3", "train.schedule_epochs=4", f"train.scheduler={scheduler}"]
    short = fine_tune(params(*options), make_data(), tmp_path / "live")
    weights = dict(short.model.named_parameters())
    snapshot = load_tensors(kept.path(3) / STATE)
    for name, value in snapshot.items():
        if name.startswith("parameter/"):
            assert torch.equal(weights[name.removeprefix("parameter/model.")], value)
    other = load_tensors(kept.path(1) / STATE)
    assert any(not torch.equal(other[name], value) for name, value in snapshot.items())
    if scheduler == "linear":  # without the key it would fall faster
        own = fine_tune(params("train.epochs=3", "train.scheduler=linear"), make_data(), tmp_path / "live2")
        assert own.curve[-1]["learning_rate"] < short.curve[-1]["learning_rate"]


def test_averaged_weights_are_the_mean_of_the_last_epochs(params: Make, tmp_path: Path) -> None:
    settings = params("train.epochs=3", "train.average_epochs=2")
    found = dict(fine_tune(settings, make_data(), tmp_path / "live").model.named_parameters())
    ends = [
        dict(fine_tune(params(*options), make_data(), tmp_path / "live").model.named_parameters())
        for options in (["train.epochs=2", "train.schedule_epochs=3"], ["train.epochs=3"])
    ]
    changed = 0
    for name, value in found.items():
        expected = (ends[0][name] + ends[1][name]) / 2
        assert torch.allclose(value, expected, atol=1e-7), name
        changed += int(not torch.equal(ends[0][name], ends[1][name]))
    assert changed > 0


def test_held_out_scores_of_averaged_weights_are_those_of_the_trained_model(params: Make, tmp_path: Path) -> None:
    queries = [{"id": "h", "source": "task", "text": "facts about murder"}]
    passages = {"task": {"d0": ["the law of murder"], "d1": ["the law of theft"], "d2": ["the law of land"]}}
    settings = params("train.epochs=3", "train.average_epochs=2")
    runs, _ = score_held_out(settings, make_data(), queries, passages, epochs=[3], shares=[1.0])
    model = fine_tune(settings, make_data(), tmp_path / "live").model
    for doc_id, (text,) in passages["task"].items():
        expected = float(model.similarity(model.encode_query("facts about murder"), model.encode_document(text)))
        assert runs[3, 1.0]["h"][doc_id] == pytest.approx(expected, abs=1e-5)


class KilledError(Exception):
    """Stands for a kill at the end of a step."""


class KillAt(TrainerCallback):  # type: ignore[misc]
    def __init__(self, step: int) -> None:
        self._step = step

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self._step:
            raise KilledError


def test_a_restarted_training_has_the_snapshots_of_before(params: Make, tmp_path: Path) -> None:
    settings = params("train.epochs=4", "runtime.checkpoint_every=1")
    whole = snapshots_of(settings, tmp_path / "whole")
    steps = make_data().rows
    per_epoch = -(-len(steps) // 4)
    with pytest.raises(KilledError):
        snapshots_of(settings, tmp_path / "killed", [KillAt(per_epoch)])
    resumed = snapshots_of(settings, tmp_path / "killed")
    for epoch in (1, 3):
        expected, found = (load_tensors(kept.path(epoch) / STATE) for kept in (whole, resumed))
        assert expected.keys() == found.keys()
        assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_rankings_are_those_of_the_weights_after_each_epoch(params: Make) -> None:
    settings = params("train.epochs=2")
    data = make_data()
    queries = [{"id": "x", "source": "task", "text": data.query_texts[0]}]
    passages = {"task": {str(n): [text] for n, text in enumerate(data.passages)}}
    runs, facts = score_held_out(settings, data, queries, passages, epochs=[1, 2], shares=[0.5, 1.0])
    assert set(runs) == {(1, 0.5), (1, 1.0), (2, 0.5), (2, 1.0)}
    assert facts["steps_per_epoch"] == -(-len(data.rows) // 4)
    for epoch, share in runs:
        options = [f"train.epochs={epoch}", "train.schedule_epochs=2", f"train.interpolation={share}"]
        model = fine_tune(params(*options), data, Path("live")).model
        query, documents = model.encode_query([queries[0]["text"]]), model.encode_document(data.passages)
        expected = model.similarity(query, documents)[0].tolist()
        assert list(runs[epoch, share]["x"].values()) == pytest.approx(expected, abs=1e-5)
    base = load_base_model(settings.model, settings.hardware, settings.runtime)
    untrained = base.similarity(base.encode_query([queries[0]["text"]]), base.encode_document(data.passages))[0]
    assert max(abs(a - b) for a, b in zip(runs[2, 1.0]["x"].values(), untrained.tolist(), strict=True)) > 1e-3


def test_the_weights_left_after_training_are_the_last_snapshot(params: Make, tmp_path: Path) -> None:
    settings = params("train.epochs=3")
    prepare_torch(settings.hardware, settings.seed)
    loss = prepare_loss(settings, make_data())
    kept = SnapshotCallback(loss, [3], tmp_path)
    train(settings, make_data(), loss, tmp_path / "live", tmp_path, observers=[kept])
    last = load_tensors(kept.path(3) / STATE)
    assert all(torch.equal(last[name], value) for name, value in trained_state(loss).items())


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        (["train.epochs=4", "train.schedule_epochs=3"], "train.schedule_epochs"),
        (["train.epochs=4", "selection.epochs=[5]"], "selection.epochs"),
        (["train.epochs=4", "selection.epochs=[2,2]"], "selection.epochs"),
        (["train.epochs=4", "selection.epochs=[2]", "train.early_stopping=1"], "selection.epochs"),
        (["selection=nested", "crossval.folds=[0,1]"], "crossval.folds"),
    ],
)
def test_epochs_that_make_no_sense_are_refused(make_params: Make, overrides: list[str], key: str) -> None:
    with pytest.raises(LexfitError, match=key):
        make_params(*overrides)
