"""Members and the queue: what is queued anew, what is left alone, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lexfit.compose import compose
from lexfit.errors import LexfitError
from lexfit.sweeps import dvc_queue, members
from lexfit.sweeps.members import Job, check_earlier, queue_jobs
from lexfit.sweeps.scores import Part
from tests.sweeps.conftest import git

JOBS = [Job(f"s-000{number}", Part(("crossval@0",), (), 1, 1), (f"train.epochs={number + 1}",)) for number in range(4)]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What dvc was told; the first job is done, the second waits, the third has failed."""
    told: list[str] = []
    states = {"s-0001": dvc_queue.QUEUED, "s-0002": dvc_queue.FAILED, "else": dvc_queue.FAILED}
    monkeypatch.setattr(members, "list_experiments", lambda: {"s-0000": "commit"})
    monkeypatch.setattr(members, "check_earlier", lambda job, commit: told.append(f"check {job.name} {commit}"))
    monkeypatch.setattr(dvc_queue, "states", lambda: states)
    monkeypatch.setattr(dvc_queue, "dvc", lambda *arguments: told.append(" ".join(arguments)))
    monkeypatch.setattr(dvc_queue, "wait", lambda names, said: told.append(f"wait {' '.join(names)}"))
    return told


def test_done_and_waiting_members_are_left_and_failed_ones_tried_again(commands: list[str]) -> None:
    queue_jobs(JOBS, print)
    assert commands == [
        "check s-0000 commit",
        "queue remove s-0002",
        "exp run --queue --name s-0002 crossval@0 -S train.epochs=3",
        "exp run --queue --name s-0003 crossval@0 -S train.epochs=4",
        "wait s-0001 s-0002 s-0003",
    ]


def test_a_member_whose_worker_was_killed_is_ended_and_tried_again(
    commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dvc_queue, "states", lambda: {"s-0001": dvc_queue.RUNNING})
    monkeypatch.setattr(dvc_queue, "worker_lives", lambda: False)
    queue_jobs(JOBS[1:2], print)
    first = [
        "queue kill --force s-0001",
        "queue remove s-0001",
        "exp run --queue --name s-0001 crossval@0 -S train.epochs=2",
    ]
    assert commands == [*first, "wait s-0001"]


def test_a_queue_with_something_else_in_it_is_refused(commands: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dvc_queue, "states", lambda: {"s-0001": dvc_queue.QUEUED, "mine": dvc_queue.RUNNING})
    with pytest.raises(LexfitError, match="dvc queue: holds experiments of something else: mine"):
        queue_jobs(JOBS, print)
    assert not commands


def test_an_experiment_of_that_name_with_other_settings_is_refused(root: Path) -> None:
    (root / "params.yaml").write_text(compose(["train.epochs=2"]))
    git("add", "-A")
    git("commit", "-qm", "experiment")
    commit = git("rev-parse", "HEAD")
    git("reset", "-q", "--hard", "HEAD~1")
    check_earlier(JOBS[1], commit)
    with pytest.raises(LexfitError, match="s-0002: is an experiment of other settings"):
        check_earlier(JOBS[2], commit)
    with pytest.raises(LexfitError, match="s-0001: is an experiment of other settings"):
        check_earlier(Job("s-0001", JOBS[1].part, ("train.epochs=2", "seed=1")), commit)
    git("commit", "-q", "--allow-empty", "-m", "later")
    with pytest.raises(LexfitError, match="s-0001: is an experiment that started from another commit"):
        check_earlier(JOBS[1], commit)


def test_a_dvc_command_that_fails_is_told_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LexfitError, match=r"dvc queue remove nobody: you are not inside of a DVC repository"):
        dvc_queue.dvc("queue", "remove", "nobody")
