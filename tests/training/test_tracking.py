"""DVCLive watches the machine and stops with the training; trackers log each training as a run and change no weight."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.training import trackers, trainer
from lexfit.training.arguments import training_arguments
from lexfit.training.trackers import check_trackers, places, tracked
from lexfit.training.tracking import CurveCallback
from tests.conftest import REPO
from tests.training.test_trainer import make_data


@pytest.fixture
def params(
    tiny_model: Path, make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Params]:
    monkeypatch.chdir(tmp_path)
    for name in places("x"):
        monkeypatch.delenv(name, raising=False)

    def make(*overrides: str) -> Params:
        return make_params("batches.size=4", "train.epochs=2", f"model.path={tiny_model}", "adapter=full", *overrides)

    return make


def needs(package: str) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} absent: pip install -r requirements-tracking.lock")


def watching() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "_monitoring_loop" in thread.name]


def weights(params: Params, name: str) -> dict[str, torch.Tensor]:
    trained = trainer.fine_tune(params, make_data(), Path("dvclive") / name)
    trained.forget_checkpoints()
    return {key: value.clone() for key, value in trained.model.state_dict().items()}


def test_the_machines_use_is_logged_over_time_and_the_watching_ends(tmp_path: Path) -> None:
    with CurveCallback(tmp_path / "live", 4):
        assert watching()
        time.sleep(3.5)
    for kind in ("cpu", "ram"):
        points = (tmp_path / f"live/plots/metrics/system/{kind}/usage (%).tsv").read_text().splitlines()
        assert points[0].split("\t")[0] == "timestamp"
        assert len(points) >= 2
    deadline = time.monotonic() + 5
    while watching():
        assert time.monotonic() < deadline, "the thread is still there: a failed run would never end"
        time.sleep(0.05)


def test_a_training_that_fails_ends_the_watching(params: Callable[..., Params]) -> None:
    with pytest.raises(LexfitError, match="training step"):
        trainer.fine_tune(params("train.learning_rate=1e30", "train.warmup_ratio=0"), make_data(), Path("dvclive/m"))
    time.sleep(0.5)
    assert not watching()
    assert (Path("dvclive/m") / "plots/metrics/train/loss.tsv").exists()


def test_dvclives_folder_is_no_output_of_a_stage_and_git_ignores_it() -> None:
    assert "/dvclive/" in (REPO / ".gitignore").read_text().splitlines()
    assert "dvclive" not in (REPO / "dvc.yaml").read_text()
    assert not any(line.strip().startswith(("- runtime", "- tracking")) for line in open_lines(REPO / "dvc.yaml"))


def open_lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


@pytest.mark.parametrize("name", ["tensorboard", "mlflow", "wandb"])
def test_one_override_reports_through_transformers(name: str, make_params: Callable[..., Params]) -> None:
    chosen = make_params(f"tracking={name}")
    arguments: Any = training_arguments(chosen, "x", torch.nn.ModuleList(), ["all"])
    assert arguments.report_to == [name]
    assert training_arguments(make_params(), "x", torch.nn.ModuleList(), ["all"]).report_to == []


def test_a_tracker_that_is_not_known_is_refused(make_params: Callable[..., Params]) -> None:
    with pytest.raises(LexfitError, match=r"runtime\.trackers\[0\]: is 'ledger'\. Choose one of tensorboard, mlflow"):
        make_params("runtime.trackers=[ledger]")


def test_a_missing_package_is_an_error_with_the_command_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(LexfitError, match=r"Run `pip install -c requirements-tracking\.lock mlflow-skinny`"):
        check_trackers(["mlflow"])


@pytest.mark.parametrize("package", sorted(trackers.PACKAGES.values()))
def test_the_lock_pins_what_the_error_says_to_install(package: str) -> None:
    assert any(line.startswith(f"{package}==") for line in open_lines(REPO / "requirements-tracking.lock"))


def test_what_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_PROJECT", "mine")
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", "/boards")
    assert places("fold-0")["WANDB_PROJECT"] == "mine"
    assert places("fold-0")["TENSORBOARD_LOGGING_DIR"] == "/boards/fold-0"
    assert places("fold-0")["MLFLOW_EXPERIMENT_NAME"] == "lexfit"


def test_tensorboard_gets_a_folder_for_each_training_and_no_weight_changes(params: Callable[..., Params]) -> None:
    needs("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    plain = weights(params(), "plain")
    environment = dict(os.environ)
    for name in ("fold-0", "fold-1"):
        found = weights(params("tracking=tensorboard"), name)
        assert found.keys() == plain.keys()
        assert all(torch.equal(found[key], plain[key]) for key in plain)
        events = EventAccumulator(f"logs/tensorboard/{name}")
        events.Reload()
        assert [point.step for point in events.Scalars("train/loss")] == [1, 2, 3, 4]
    assert dict(os.environ) == environment


def test_mlflow_gets_a_run_for_each_training(params: Callable[..., Params]) -> None:
    needs("mlflow")
    import mlflow

    for name in ("fold-0", "fold-1"):
        weights(params("tracking=mlflow"), name)
    with pytest.raises(LexfitError, match="training step"):
        weights(params("tracking=mlflow", "train.learning_rate=1e30", "train.warmup_ratio=0"), "broken")
    client = mlflow.MlflowClient(Path("logs/mlflow").resolve().as_uri())
    experiment = client.get_experiment_by_name("lexfit")
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.run_name: run.info.status for run in runs} == {
        "fold-0": "FINISHED",
        "fold-1": "FINISHED",
        "broken": "FAILED",
    }
    whole = next(run for run in runs if run.info.run_name == "fold-0")
    assert len(client.get_metric_history(whole.info.run_id, "loss")) == 4


def test_wandb_gets_a_run_for_each_training_offline(
    params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    for name in ("fold-0", "fold-1"):
        weights(params("tracking=wandb"), name)
    runs = sorted(Path("logs/wandb").glob("offline-run-*"))
    assert len(runs) == 2
    assert all(list(run.glob("*.wandb")) for run in runs)


def test_a_block_that_raises_closes_its_run_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []
    monkeypatch.setattr(trackers, "check_trackers", lambda names: None)
    monkeypatch.setattr(trackers, "end_runs", lambda names, *, failed: ended.append(failed))
    with tracked(["mlflow"], "m"):
        pass
    with pytest.raises(ValueError, match="no"), tracked(["mlflow"], "m"):
        raise ValueError("no")
    assert ended == [False, True]
