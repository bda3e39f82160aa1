"""Two processes that share a training end with the weights of one, whatever the loss, and with its ranking."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.launch import launcher, own_device, share_stage
from lexfit.training.processes import chunk_size, gathered, share_of
from tests.conftest import REPO
from tests.training.run_shared import CASES

TOLERANCE = 5e-5  # of a weight, absolute: sums in another order, grown over steps of Adam at a rate of 0.005


def start(
    model: Path, out: Path, environment: dict[str, str], cases: Sequence[str] = tuple(CASES)
) -> subprocess.Popen[str]:
    out.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.training.run_shared", str(model), str(out), *cases]
    own = {"LEXFIT_CACHE": str(out / "cache"), "PYTHONPATH": f"{REPO / 'src'}{os.pathsep}{REPO}"}
    return subprocess.Popen(
        command, cwd=REPO, env={**os.environ, **own, **environment}, stderr=subprocess.PIPE, text=True
    )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def trained(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of what one process trained, and of what two did."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    finish([*launch(tiny_model, two, 2, free_port()), start(tiny_model, one, {})])
    return one, two


def launch(
    model: Path, out: Path, count: int, port: int, cases: Sequence[str] = tuple(CASES)
) -> list[subprocess.Popen[str]]:
    common = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return [start(model, out, {**common, "RANK": str(r), "LOCAL_RANK": str(r)}, cases) for r in range(count)]


def finish(running: Sequence[subprocess.Popen[str]]) -> None:
    for process in running:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors[-3000:]


def test_a_process_without_a_text_takes_part(trained: tuple[Path, Path], tiny_model: Path, tmp_path: Path) -> None:
    """A step of one query and one document gives the third of three processes nothing to embed."""
    finish(launch(tiny_model, tmp_path / "three", 3, free_port(), ["alone"]))
    check_like_one((trained[0], tmp_path / "three"), "alone")


@pytest.mark.parametrize("case", CASES)
def test_two_processes_train_the_weights_of_one(trained: tuple[Path, Path], case: str) -> None:
    check_like_one(trained, case)


def check_like_one(folders: tuple[Path, Path], case: str) -> None:
    one, two = (load_file(folder / f"{case}.safetensors") for folder in folders)
    curves = [json.loads((folder / f"{case}.json").read_text()) for folder in folders]
    assert one.keys() == two.keys()
    for name, weight in one.items():
        torch.testing.assert_close(two[name], weight, rtol=0, atol=TOLERANCE)
    assert [p["step"] for p in curves[0]] == [p["step"] for p in curves[1]]
    assert [p["loss"] for p in curves[0]] == pytest.approx([p["loss"] for p in curves[1]], abs=1e-4)
    assert any(p["loss"] != curves[0][0]["loss"] for p in curves[0])  # it trained


def test_only_the_first_process_writes(trained: tuple[Path, Path]) -> None:
    _, two = trained
    for case in CASES:
        lines = (two / "live" / case / "plots/metrics/train/loss.tsv").read_text().splitlines()
        assert len(lines) - 1 == len(json.loads((two / f"{case}.json").read_text()))


def test_one_process_has_everything() -> None:
    chunks = [[0, 1], [2], [3, 4, 5]]
    assert share_of(chunks) == chunks
    parts = [torch.rand(len(chunk), 4, requires_grad=True) for chunk in chunks]
    whole = gathered(parts, chunks, 4)
    torch.testing.assert_close(whole, torch.cat(parts))
    assert chunk_size(100, 32) == 32
    assert chunk_size(3, 32) == 3


def test_dropout_is_refused_where_it_would_change_the_result(make_params: Callable[..., Params]) -> None:
    make_params("runtime.processes=2")
    with pytest.raises(LexfitError, match="masks of its own"):
        make_params("runtime.processes=2", "train.dropout=0.1")
    with pytest.raises(LexfitError, match="masks of its own"):
        make_params("runtime.processes=2", "adapter=lora", "adapter.dropout=0.1")


def test_a_stage_that_cannot_be_shared_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    share_stage("crossval@1", 1)
    with pytest.raises(LexfitError, match="stage audit: runs in one process, and a launcher started 2"):
        share_stage("audit", 1)


def test_a_stage_goes_on_as_its_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr(os, "execv", lambda path, command: started.append(command))
    share_stage("audit", 2)
    share_stage("model", 1)
    assert not started
    share_stage("crossval@1", 2)
    assert started == [launcher("lexfit.stages.crossval", ["1"], 2)]
    assert "--nproc-per-node=2" in started[0]


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert own_device("cuda") == "cuda:3"
    assert own_device("cuda:1") == "cuda:1"
    assert own_device("cpu") == "cpu"
