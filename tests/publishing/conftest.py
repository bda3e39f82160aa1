"""Finished runs to publish from, and a Hub on localhost with huggingface_hub pointed at it."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _http

from lexfit.compose import compose
from lexfit.config import load_params
from lexfit.io import write_json
from lexfit.publishing.card import render_card
from lexfit.publishing.finished_run import FinishedRun, read_run
from lexfit.reporting.metrics import headline_metrics
from lexfit.stages.model_card import card_facts
from tests.conftest import REPO, write_beir
from tests.publishing.finished import KFOLD, ZERO_SHOT, cases, finished_run
from tests.publishing.hub_server import Hub, running_hub
from tests.publishing.test_card import facts
from tests.stages.workspace import Workspace


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """huggingface_hub online, over plain LFS; its pauses between tries are listed instead of waited for."""
    waited: list[float] = []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setattr(_http, "time", SimpleNamespace(sleep=waited.append))
    _http.close_session()
    yield waited
    _http.close_session()


@pytest.fixture
def hub(waits: list[float]) -> Iterator[Hub]:
    """An empty Hub with one organisation, `org`."""
    del waits
    with running_hub() as server:
        yield server


def write(path: str, value: Any) -> None:
    """Write JSON below the working directory."""
    write_json(Path(path), value)


PIPELINE = """
stages:
  model:
    cmd: "true"
    outs: [data/model]
  mteb_results:
    cmd: "true"
    deps: [data/model]
    outs: [data/mteb_results, reports/metrics.json: {cache: false}]
  exports:
    cmd: "true"
    deps: [data/model, data/mteb_results]
    outs: [data/exports]
  exports_speed:
    cmd: "true"
    deps: [data/model, data/exports]
    outs: [reports/exports_speed.json: {cache: false}]
  model_card:
    cmd: "true"
    deps: [data/model, data/mteb_results, data/exports, reports/exports_speed.json]
    params: [card, evaluation]
    outs: [reports/model_card.md: {cache: false}]
"""


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A project after its run: a real tiny model, its results and card, and DVC's lock of them."""
    root = tmp_path_factory.mktemp("finished")
    given = facts()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        (root / "params.yaml").write_text(compose(["runtime.progress=false"], REPO / "conf"))
        (root / "dvc.yaml").write_text(PIPELINE)
        shutil.copytree(tiny_model, "data/model/sentence_transformer")
        write("data/model/summary.json", given["model"])
        weights = Path("data/model/sentence_transformer/model.safetensors").read_bytes()
        scores = given["scores"]
        own = {**scores["mteb"]["methods"]["finetuned"], "hf_subset": "default"}
        folder = f"data/mteb_results/mteb/results/lexfit__x/{hashlib.sha256(weights).hexdigest()[:12]}"
        write(f"{folder}/AILAStatutes.json", {"scores": {"test": [own]}})
        write("data/mteb_results/scores.json", scores)
        write("reports/metrics.json", headline_metrics(scores))
        write("reports/audit.json", given["audit"])
        write("data/exports/summary.json", given["exports"])
        write("reports/exports_speed.json", given["speeds"])
        write("data/raw/task/source.json", given["sources"]["task"])
        places = {"clean": "clean", "pairs": "pairs/eval", "negatives": "negatives"}
        places |= {"adaptation": "adapted", "pretraining": "pretrained"}
        for name, place in places.items():
            write(f"data/{place}/summary.json", given[name])
        Path("reports/model_card.md").write_text("not yet")
        commit_outputs()
        render()
    return root


def commit_outputs() -> None:
    """Write dvc.lock for the outputs as they lie in the working directory."""
    from dvc.repo import Repo

    repo = Repo() if Path(".dvc").exists() else Repo.init(no_scm=True)
    with repo:
        repo.commit(force=True)


def render() -> None:
    """Write the card from the files and take it into dvc.lock."""
    params = load_params()
    Path("reports/model_card.md").write_text(render_card(params, card_facts(params)))
    commit_outputs()


@pytest.fixture
def project(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished project to tamper with, as working directory."""
    root = tmp_path / "project"
    shutil.copytree(finished, root, ignore=shutil.ignore_patterns("cache"))
    monkeypatch.chdir(root)
    return root


@pytest.fixture(scope="session")
def zero_shot(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Workspace:
    """Trained on other queries than AILA's and on the texts of two statutes; scored on three more tasks of mteb."""
    folder = tmp_path_factory.mktemp("zero_shot")
    write_beir(folder / "copy", cases(), lambda query: "test")  # what trained it
    tasks = f"evaluation.tasks=[SCIDOCS@{folder / 'copy'}]"
    return finished_run(folder / "project", tiny_model, [*ZERO_SHOT, tasks], ("NFCorpus", "NQ"))


@pytest.fixture(scope="session")
def kfold(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Workspace:
    """Trained on every query; each fold's queries are ranked apart."""
    return finished_run(tmp_path_factory.mktemp("kfold") / "project", tiny_model, KFOLD)


@pytest.fixture(scope="session")
def read_once(zero_shot: Workspace) -> FinishedRun:
    with contextlib.chdir(zero_shot.root):
        return read_run()


@pytest.fixture
def run(zero_shot: Workspace, read_once: FinishedRun, monkeypatch: pytest.MonkeyPatch) -> FinishedRun:
    """The zero-shot run as it is read, with its project as the working directory."""
    monkeypatch.chdir(zero_shot.root)
    return read_once
