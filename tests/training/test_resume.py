"""A training killed with SIGKILL at any step and started again ends with the same bytes as one left alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lexfit.cache import WHOLE, mark_whole
from lexfit.config import Params
from lexfit.training.batches import TrainingData
from lexfit.training.checkpoints import STATE, checkpoint_folder, latest_whole
from lexfit.training.trainer import fine_tune
from tests.conftest import REPO
from tests.training.test_trainer import make_data

SIGKILLED = -9
# Dropout, rotation of negatives, mining by the model, documents as steps left them, and early stopping have a state to
# be restored; which tokens are left out has none.
CASES = {
    "online": [
        "adapter=top2", "adapter.top_layers=1", "batches=online", "batches.size=3", "batches.remine_every=2",
        "train.dropout=0.1", "train.epochs=3",
    ],
    "corpus": [
        "adapter=full", "loss=corpus_softmax", "batches=full", "batches.size=3", "train.epochs=3",
        "train.average_epochs=2",
    ],
    "remembered": [
        "adapter=top2", "adapter.top_layers=1", "loss=corpus_softmax", "batches=full", "batches.size=3",
        "batches.refresh_documents=3", "train.token_share=0.5", "train.epochs=3",
    ],
    "lora": ["adapter=lora", "adapter.dropout=0.1", "batches.size=3", "train.epochs=3", "train.interpolation=0.5"],
    "early": [
        "adapter=top2", "adapter.top_layers=1", "train.early_stopping=2", "batches.size=3", "train.epochs=4",
    ],
}  # fmt: skip
# In the middle of step n + 1, or (negative) while the checkpoint after step -n is written.
KILLS = {"online": [1, -4, 5], "corpus": [-3, 4], "remembered": [2, -4, 7], "lora": [3], "early": [5]}
COMMON = ["train.learning_rate=0.005", "runtime.checkpoint_every=1", "crossval=five", "negatives.rank_max=6"]


def run(model: Path, out: Path, cache: Path, kill_at: int, overrides: list[str]) -> int:
    command = [sys.executable, "-m", "tests.training.run_training", str(model), str(out), str(kill_at)]
    environment = {**os.environ, "LEXFIT_CACHE": str(cache), "PYTHONPATH": f"{REPO / 'src'}{os.pathsep}{REPO}"}
    done = subprocess.run(
        [*command, *COMMON, *overrides], cwd=REPO, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, SIGKILLED}, done.stderr[-3000:]
    return done.returncode


@pytest.mark.parametrize("case", CASES)
def test_killed_and_started_again_it_ends_with_the_same_bytes(tiny_model: Path, tmp_path: Path, case: str) -> None:
    alone, resumed = tmp_path / "alone.txt", tmp_path / "resumed.txt"
    assert run(tiny_model, alone, tmp_path / "cache-a", 0, CASES[case]) == 0
    for kill_at in KILLS[case]:
        assert run(tiny_model, resumed, tmp_path / "cache-b", kill_at, CASES[case]) == SIGKILLED
        assert not resumed.exists()
    assert list((tmp_path / "cache-b").rglob("checkpoint-*"))
    assert run(tiny_model, resumed, tmp_path / "cache-b", 0, CASES[case]) == 0
    assert resumed.read_text() == alone.read_text()


def test_another_setting_seed_or_text_never_takes_a_checkpoint_up(make_params: Callable[..., Params]) -> None:
    data = make_data()
    folders = {
        checkpoint_folder(make_params(*o), data) for o in ([], ["seed=1"], ["train.epochs=9"], ["hardware.chunk=7"])
    }
    changed = make_data()
    changed.passages[0] += "!"
    folders.add(checkpoint_folder(make_params(), changed))
    assert len(folders) == 5
    same = ["runtime.progress=true", "evaluation.bootstrap=5", "train.interpolation=0.5"]
    assert {checkpoint_folder(make_params(one), data) for one in same} < folders


@pytest.mark.parametrize("file", [STATE, "optimizer.pt"])
def test_half_written_and_damaged_checkpoints_are_passed_over(
    tiny_model: Path, make_params: Callable[..., Params], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    data: TrainingData = make_data()
    params = make_params(f"model.path={tiny_model}", "adapter=full", "train.epochs=2", "runtime.checkpoint_every=1")
    first = fine_tune(params, data, tmp_path / "live")
    folder = first.checkpoints
    last = latest_whole(folder)
    assert last is not None
    shutil.copytree(last, folder / "checkpoint-9")
    (folder / "checkpoint-9" / WHOLE).unlink()
    assert latest_whole(folder) == last
    assert not (folder / "checkpoint-9").exists()
    damaged = last / file
    whole = bytearray(damaged.read_bytes())
    whole[len(whole) // 2] ^= 1
    damaged.write_bytes(whole)
    again = fine_tune(params, data, tmp_path / "live")
    assert again.curve == first.curve
    for name, tensor in first.model.state_dict().items():
        assert (again.model.state_dict()[name] == tensor).all()
    again.forget_checkpoints()
    assert not folder.exists()


def checkpoints(folder: Path, *names: str) -> list[Path]:
    made = [folder / name for name in names]
    for path in made:
        path.mkdir(parents=True)
        (path / STATE).write_text(path.name)
        mark_whole(path)
    return made


def test_where_the_best_counts_a_checkpoint_behind_a_damaged_one_does_not(tmp_path: Path) -> None:
    for with_best, expected in ((False, "checkpoint-10"), (True, "checkpoint-2")):
        folder = tmp_path / str(with_best)
        _, damaged, _ = checkpoints(folder, "checkpoint-2", "checkpoint-9", "checkpoint-10")
        (damaged / STATE).write_text("other")
        found = latest_whole(folder, with_best=with_best)
        assert found == folder / expected
        assert not damaged.exists()


def test_a_damaged_snapshot_starts_the_training_again(tmp_path: Path) -> None:
    last, snapshot = checkpoints(tmp_path / "one", "checkpoint-2", "snapshot-1")
    (tmp_path / "one/snapshot-2.tmp").mkdir()  # a kill left it; it's written anew
    assert latest_whole(tmp_path / "one") == last
    (snapshot / STATE).write_text("other")
    assert latest_whole(tmp_path / "one") is None
    assert not last.exists()


@pytest.mark.parametrize("steps", [["train.max_steps=2"], ["train.epochs=1"]])
def test_behind_the_last_step_no_other_is_taken(
    tiny_model: Path,
    make_params: Callable[..., Params],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[str],
) -> None:
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    common = [f"model.path={tiny_model}", "adapter=full", "batches.size=3", "train.scheduler=constant_with_warmup"]
    params = make_params(*common, *steps, "train.learning_rate=0.005", "runtime.checkpoint_every=1")
    first, again = (fine_tune(params, make_data(), tmp_path / "live") for _ in range(2))
    assert latest_whole(first.checkpoints) is not None
    assert again.curve == first.curve
    assert again.facts == first.facts
    for name, tensor in first.model.state_dict().items():
        assert (again.model.state_dict()[name] == tensor).all()
