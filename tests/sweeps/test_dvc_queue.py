"""Waiting for DVC's worker, and what a task's log says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lexfit.errors import LexfitError
from lexfit.sweeps import dvc_queue
from lexfit.sweeps.dvc_queue import FAILED, QUEUED, RUNNING, SUCCESS, reason_of, seconds_of, wait

Watch = Callable[..., list[str]]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Run `wait` over looks at the queue, each a worker's life and states by name; what was done meanwhile."""
    monkeypatch.setattr(dvc_queue, "INTERVAL", 0.0)

    def run(*looks: tuple[bool, dict[str, str]], names: tuple[str, ...] = ("a", "b")) -> list[str]:
        done: list[str] = []
        views: Iterator[tuple[bool, dict[str, str]]] = iter(looks)
        now: list[dict[str, str]] = []

        def lives() -> bool:
            alive, states = next(views, looks[-1])
            now[:] = [states]
            return alive

        monkeypatch.setattr(dvc_queue, "worker_lives", lives)
        monkeypatch.setattr(dvc_queue, "states", lambda: now[0])
        monkeypatch.setattr(dvc_queue, "start_worker", lambda: done.append("start"))
        monkeypatch.setattr(dvc_queue, "dvc", lambda *arguments: done.append(" ".join(arguments)))
        wait(names, lambda name, state: done.append(f"{name} {state}"))
        return done

    return run


def test_one_worker_is_started_and_every_change_told(watch: Watch) -> None:
    done = watch(
        (False, {"a": QUEUED, "b": QUEUED}),
        (True, {"a": RUNNING, "b": QUEUED}),
        (True, {"a": SUCCESS, "b": RUNNING}),
        (True, {"a": SUCCESS, "b": FAILED}),
    )
    assert done == ["a Queued", "b Queued", "start", "a Running", "a Success", "b Running", "b Failed"]


def test_a_task_in_no_list_for_a_moment_is_not_over(watch: Watch) -> None:
    done = watch((True, {"a": QUEUED}), (True, {}), (True, {"a": RUNNING}), (True, {"a": SUCCESS}), names=("a",))
    assert done == ["a Queued", "a Running", "a Success"]


def test_a_worker_that_ended_with_tasks_waiting_is_started_again(watch: Watch) -> None:
    waiting = {"a": QUEUED}
    done = watch((True, waiting), (False, waiting), (True, {"a": SUCCESS}), names=("a",))
    assert done == ["a Queued", "start", "a Success"]


def test_a_task_whose_worker_was_killed_is_booked_as_failed(watch: Watch) -> None:
    left = {"a": RUNNING, "b": QUEUED}
    done = watch((False, left), (False, left), (True, {"a": FAILED, "b": RUNNING}), (True, {"a": FAILED, "b": SUCCESS}))
    assert "queue kill --force a" in done
    assert done[-1] == "b Success"


def test_workers_that_die_one_after_another_end_the_sweep(watch: Watch) -> None:
    with pytest.raises(LexfitError, match="its worker ended 5 times with tasks waiting"):
        watch((False, {"a": QUEUED}), names=("a",))


def test_the_reason_is_the_stages_own_sentence() -> None:
    log = (
        "Running stage 'raw':\nraw: 0.4 s, peak memory 90 MiB\n"
        "\nERROR in stage model\n  params.yaml: train.epochs: is 0. It must be at least 1\n\n"
        "ERROR: failed to reproduce 'model': failed to run: python -m lexfit.stages.model, exited with 1\n"
    )
    assert reason_of(log) == "stage model: params.yaml: train.epochs: is 0. It must be at least 1"
    assert reason_of(log.replace("ERROR in stage model", "x")).startswith("failed to reproduce 'model'")
    crash = "Traceback (most recent call last):\n  File x\nStopIteration\n\nERROR: failed to reproduce\n"
    assert reason_of(crash) == "StopIteration"
    assert "left no log" in reason_of("")


def test_seconds_are_those_of_the_stages_that_ran() -> None:
    assert (
        seconds_of("raw: 0.4 s, peak memory 90 MiB\nStage 'x' is cached\ncrossval@0: 12.1 s, peak memory 900 MiB\n")
        == 12.5
    )
    assert seconds_of("") == 0
