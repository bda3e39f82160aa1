"""A harness that couldn't see a wrong result would be worthless: what is planted must be seen."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from benchmarks.faults.case import Case
from benchmarks.faults.damage import damage
from benchmarks.faults.processes import Finished, Running
from benchmarks.faults.report import page
from benchmarks.faults.rounds import SHARES, plan, read_rounds, recover
from benchmarks.faults.site import Site
from benchmarks.faults.verdict import EXPLAINED, Observed, is_clear, judge

from tests.conftest import REPO

LEXFIT = "\nERROR in stage model\n  data/ (model): could not be written (No space left on device). Free some space\n\n"
FAILED = "ERROR: failed to reproduce 'model': failed to run: python -m lexfit.stages.model, exited with {}\n"
TRACEBACK = "Traceback (most recent call last):\n  File 'x.py', line 1\nRuntimeError: unexpected pos 1 vs 2\n"
BUSY = "ERROR: 'data/model' is busy, it is being blocked by:\n  (PID 1): dvc repro\n"
RAN = "Running stage 'model':\n> python\n"

WELL = Finished(0, RAN, 1.0)
RIGHT = Observed([WELL], [], Finished(0, "Stage 'model' didn't change, skipping\n", 1.0), [], {"model"})


def ended(status: int, said: str, killed: bool = False) -> Observed:
    return replace(RIGHT, disturbed=[Finished(status, said, 1.0, killed)])


def test_a_planted_wrong_file_is_seen(tmp_path: Path) -> None:
    site = Site(tmp_path)
    for name in ("data/model/a.json", "reports/metrics.json", "reports/report.md"):
        (site.project / name).parent.mkdir(parents=True, exist_ok=True)
        (site.project / name).write_text(name)
    site.reference_file.write_text(json.dumps({"hashes": site.hashes()}))
    assert site.differences() == []
    (site.project / "reports/report.md").write_text("made of seconds")
    (site.project / "data/.partial").mkdir()
    (site.project / "data/.partial/half").write_text("left by a kill")
    assert site.differences() == []
    (site.project / "data/model/a.json").write_text("data/model/a.jsom")
    (site.project / "data/model/b.json").write_text("more")
    (site.project / "reports/metrics.json").unlink()
    assert site.differences() == ["data/model/a.json", "data/model/b.json", "reports/metrics.json"]


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (RIGHT, "right"),
        (replace(RIGHT, after=["data/model/a"]), "wrong"),
        (replace(RIGHT, recovered=["data/model/a"]), "wrong"),
        (ended(-9, RAN, killed=True), "right"),
        (replace(ended(-9, RAN, killed=True), recovered=["data/model/a"]), "wrong"),
        (replace(RIGHT, recovery=Finished(0, RAN, 1.0)), "right"),
        (replace(RIGHT, recovery=Finished(0, RAN + "Running stage 'pairs':\n", 1.0)), "lost"),
        (replace(RIGHT, recovery=Finished(255, BUSY, 1.0)), "lost"),
        (replace(ended(-9, RAN, killed=True), unused=["checkpoint-4"]), "lost"),
        (ended(255, LEXFIT + FAILED.format(1)), "clear error"),
        (replace(ended(255, LEXFIT + FAILED.format(1)), recovered=["data/model/a"]), "wrong"),
        (ended(255, TRACEBACK + FAILED.format(1)), "unclear error"),
        (ended(255, FAILED.format(1)), "unclear error"),
        (ended(255, FAILED.format(-9), killed=True), "clear error"),
        (ended(255, BUSY), "clear error"),
        (ended(-11, RAN), "unclear error"),
        (replace(RIGHT, disturbed=[WELL, Finished(255, BUSY, 1.0)]), "clear error"),
        (replace(RIGHT, disturbed=[WELL, Finished(255, BUSY, 1.0)], after=["data/model/a"]), "wrong"),
    ],
)
def test_verdicts(seen: Observed, verdict: str) -> None:
    assert judge(seen)[0] == verdict


@pytest.mark.parametrize(
    ("said", "clear"),
    [
        (LEXFIT, True),
        (TRACEBACK + LEXFIT, True),
        (LEXFIT + TRACEBACK, False),
        (TRACEBACK + "ERROR: something\n", False),
        ("ERROR in stage model\n  oh no\n", False),
        ("ERROR: unexpected error - database disk image is malformed\n", False),
        ("ERROR: unexpected error - [Errno 28] No space left on device: '/x'\n", True),
        ("ERROR: unexpected error - disk I/O error\n", True),
        ("all is well\n", False),
    ],
)
def test_an_error_is_clear_where_it_names_what_and_how(said: str, clear: bool) -> None:
    assert is_clear(said) is clear


def test_what_only_the_guide_explains_stands_in_it() -> None:
    assert f"“{EXPLAINED}” is a full disk" in (REPO / "docs/troubleshoot.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("keep_time", [False, True])
def test_damage_changes_the_file_and_its_time_only_where_it_may(tmp_path: Path, keep_time: bool) -> None:
    done = set()
    for seed in range(8):
        file = tmp_path / str(seed)
        file.write_bytes(b"abcdefgh")
        file.chmod(0o444)
        os.utime(file, ns=(10**18, 10**18))
        done.add(damage(file, Random(seed), keep_time=keep_time).split(" at ")[0])
        assert file.read_bytes() != b"abcdefgh"
        assert (file.stat().st_mtime_ns == 10**18) is keep_time
        assert file.stat().st_mode & 0o777 == 0o444
    assert done == {"cut", "bit changed"}


def test_a_killed_command_is_told_from_one_that_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; print('on', flush=True); time.sleep(60)"]
    killed = Running(command, tmp_path, os.environ)
    assert killed.wait(0.05)
    killed.kill()
    assert (end := killed.finish()).killed
    assert end.status == -signal.SIGKILL
    done = Running([sys.executable, "-c", "print('done')"], tmp_path, os.environ)
    while done.wait(0.05):
        pass
    done.kill()
    assert (end := done.finish()).status == 0
    assert not end.killed
    assert end.said == "done\n"


def test_a_command_that_does_not_end_is_killed_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.faults.processes.LONGEST", 0.2)
    end = Running([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, os.environ).finish()
    assert end.status == -signal.SIGKILL
    assert "ERROR: not at its end after 0 s; killed by the harness" in end.said


def reference(site: Site) -> None:
    stages = ["raw", "clean", "model"]
    site.reference_file.write_text(
        json.dumps({"seconds": dict.fromkeys(stages, 2.0), "reads": {"raw": [], "clean": ["raw"], "model": ["clean"]}})
    )


def test_outputs_behind_a_missing_one_wait_for_it(tmp_path: Path) -> None:
    site = Site(tmp_path)
    reference(site)
    assert site.behind("clean") == {"clean", "model"}
    assert site.behind("model") == {"model"}


def test_a_list_of_commands_that_a_kill_has_cut_is_removed_as_the_guide_says(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.project.mkdir(parents=True)
    (site.project / "dvc.yaml").write_text("stages: {table: {cmd: echo a > table, outs: [table]}}")
    for command in ("git init -q", "dvc init -q"):
        assert site.run(*command.split()).status == 0
    case = Case(site, "table", Random(0), site.project)
    assert [end.status for end in recover(case)[0]] == []
    (site.project / ".dvc/tmp/rwlock").write_text("")
    refused, recovery = recover(case)
    assert [end.status != 0 for end in refused] == [True]
    assert recovery.status == 0
    (site.project / "dvc.yaml").write_text("stages: {table: {cmd: 'false', outs: [table]}}")
    refused, recovery = recover(case)
    assert refused == []  # another error is the round's own
    assert recovery.status != 0


def test_the_plan_is_the_seeds_and_kills_every_stage(tmp_path: Path) -> None:
    site = Site(tmp_path)
    reference(site)
    (site.after / "model/checkpoints/x/checkpoint-2").mkdir(parents=True)
    (site.after / "model/checkpoints/x/checkpoint-2/optimizer.pt").write_text("a")
    (site.after / "model/trunk").mkdir()
    (site.after / "model/trunk/cache.db").write_text("a")
    planned = [(fault.name, stage) for fault, stage in plan(200, 42, site)]
    assert planned[:120] == [(fault.name, stage) for fault, stage in plan(120, 42, site)]
    assert planned != [(fault.name, stage) for fault, stage in plan(200, 43, site)]
    assert {fault for fault, _ in planned} == {fault.name for fault in SHARES}
    even = {fault.name for fault in SHARES if fault.even}
    stages = [stage for fault, stage in planned if fault in even]
    assert set(stages[:3]) == {"raw", "clean", "model"}
    assert {s for name, s in planned if name == "damaged checkpoint"} == {"model"}
    assert "raw" not in {s for name, s in planned if name.startswith("damaged")}


def test_a_log_that_a_kill_has_cut_keeps_its_whole_rounds_and_the_last_of_each_counts(tmp_path: Path) -> None:
    log = tmp_path / "rounds.jsonl"
    assert read_rounds(log) == []
    lines = [json.dumps({"round": n, "verdict": v, "commit": c}) for n, v, c in [(0, "wrong", "a"), (1, "right", "a")]]
    again = json.dumps({"round": 0, "verdict": "right", "commit": "b"})
    log.write_text("\n".join([*lines, again, '{"rou']))
    first, second = read_rounds(log)
    assert (first["verdict"], first["earlier"]) == ("right", ["wrong at a"])
    assert "earlier" not in second
    assert log.read_text() == "\n".join([*lines, again]) + "\n"


def test_the_page_counts_and_names_what_was_not_right() -> None:
    common = {"stage": "model", "commit": "abc", "seconds": 1.0, "ended": [], "made again": [], "said": []}
    rounds = [
        {"round": 0, "fault": "full disk", "verdict": "right", "message": "", **common},
        {"round": 1, "fault": "full disk", "verdict": "clear error", "message": "no space", "room": 9, **common},
        {"round": 2, "fault": "changed clock", "verdict": "wrong", "message": "a | b differ", **common},
    ]
    machine = {"cores": 2, "processor": "P", "python": "3"}
    text = page(rounds, {"machine": machine, "date": "2026-01-01"}, 7)
    assert "3 rounds, seed 7, last on 2026-01-01, on 2 cores of P" in text
    assert text.index("- 2, changed clock") < text.index("- 1, full disk, model (room 9): **clear error**. no space")
    assert "a \\| b differ" in text
    assert "- 0," not in text
