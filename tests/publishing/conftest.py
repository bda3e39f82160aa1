"""Finished runs that several test files publish from; nobody changes them but to bring them back."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from lexfit.publishing.finished_run import FinishedRun, read_run
from tests.publishing.finished import KFOLD, ZERO_SHOT, finished_run
from tests.stages.workspace import Workspace


@pytest.fixture(scope="session")
def zero_shot(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Workspace:
    """Trained on other queries than AILA's and on the texts of two statutes; scored on two more tasks of mteb."""
    root = tmp_path_factory.mktemp("zero_shot") / "project"
    return finished_run(root, tiny_model, ZERO_SHOT, ("NFCorpus", "NQ"))


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
