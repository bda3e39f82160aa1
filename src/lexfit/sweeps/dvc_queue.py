"""DVC's experiment queue with one worker: its tasks by name, its log, and waiting for it.

Tasks are queued, started and removed by `dvc` itself; their states are read in this process, which takes a hundredth
of the time that a `dvc queue status` takes.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from lexfit.errors import LexfitError
from lexfit.io import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WORKER = "dvc-exp-worker-1"
QUEUED, RUNNING, FAILED, SUCCESS = "Queued", "Running", "Failed", "Success"
INTERVAL = 2.0  # seconds between looks at the queue
COMING_UP = 30.0  # seconds that a worker is given to come up
STARTS = 5  # of a worker, without a task that ended since


def dvc(*arguments: str) -> str:
    """Run a dvc command; what it prints.

    Raises:
        LexfitError: It fails; the error has its last line.
    """
    done = subprocess.run(["dvc", *arguments], capture_output=True, text=True, check=False, env=_environment())
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        said = next((line for line in lines if line.startswith("ERROR")), lines[-1] if lines else "no word")
        raise LexfitError(f"dvc {' '.join(arguments[:3])}", said.removeprefix("ERROR: "), "Mend that and run it anew")
    return done.stdout


def _environment() -> dict[str, str]:
    """No progress bars and colours in logs."""
    return {**os.environ, "NO_COLOR": "1", "TQDM_DISABLE": "1"}


def states() -> dict[str, str]:
    """State of each task by the experiment's name: Queued, Running, Failed or Success."""
    from dvc.repo import Repo  # noqa: PLC0415  (half a second)

    with Repo(".") as repo:
        # A name that failed and was queued again has two tasks: the one that isn't over counts.
        tasks = reversed(repo.experiments.celery_queue.status())
        return {str(task["name"]): str(task["status"]) for task in tasks}


def worker_lives() -> bool:
    """Whether the process of the first worker is there; asking it would take it for dead while it is busy."""
    from dvc.repo import Repo  # noqa: PLC0415

    with Repo(".") as repo:
        file = Path(repo.experiments.celery_queue.wdir) / f"{WORKER}.json"
    if not file.exists():
        return False
    found = read_json(file)
    if found["returncode"] is not None:
        return False
    try:
        process = psutil.Process(found["pid"])
        return process.status() != psutil.STATUS_ZOMBIE and "queue-worker" in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def start_worker() -> None:
    """Start the worker and see it come up, so that a second start can't make a second one.

    Its output isn't captured: the worker inherits it, and reading it to the end would mean waiting for the worker.
    """
    command = ["dvc", "queue", "start", "--jobs", "1"]
    done = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, env=_environment()
    )
    if done.returncode:
        raise LexfitError("dvc queue start", f"ended with status {done.returncode}", "Run it by hand: it says why")
    until = time.monotonic() + COMING_UP
    while not worker_lives() and time.monotonic() < until:
        time.sleep(INTERVAL / 10)


def others(names: Iterable[str]) -> list[str]:
    """Tasks that wait or run and aren't of these names."""
    own = set(names)
    return sorted(name for name, state in states().items() if state in {QUEUED, RUNNING} and name not in own)


def log_of(name: str) -> str:
    """What a task printed; empty where DVC has no log of it."""
    done = subprocess.run(
        ["dvc", "queue", "logs", name], capture_output=True, text=True, check=False, env=_environment()
    )
    return done.stdout if done.returncode == 0 else ""


def wait(names: Iterable[str], said: Callable[[str, str], None]) -> None:
    """Start the worker, and return when none of the tasks waits or runs.

    A worker ends by itself ten seconds after its queue is empty, so one that is ending may leave a new task lying; it
    is started again then. Where a worker was killed, its task can't be booked any more: it is ended, and fails.

    Args:
        names: The tasks.
        said: Told each task's name and state when it has changed.

    Raises:
        LexfitError: Workers die, one after another.
    """
    pending, starts, last, unseen = set(names), 0, dict[str, str](), Counter[str]()
    while pending:
        alive = worker_lives()
        now = {name: state for name, state in states().items() if name in pending}
        for name, state in sorted(now.items()):
            if last.get(name) != state:
                said(name, state)
        last |= now
        # A task that is just being taken from the queue is in no list for a moment.
        unseen.update(pending - now.keys())
        ended = {n for n in pending if now.get(n) in {FAILED, SUCCESS} or unseen[n] > 2}
        pending, starts = pending - ended, 0 if ended else starts
        if pending and not alive:
            running = [name for name in pending if now.get(name) == RUNNING]
            if starts >= STARTS:
                remedy = "`dvc queue status` and the files in .dvc/tmp/exps/celery say more"
                raise LexfitError("dvc queue", f"its worker ended {starts} times with tasks waiting", remedy)
            if running:
                dvc("queue", "kill", "--force", *running)
            start_worker()
            starts += 1
        if pending:
            time.sleep(INTERVAL)


def reason_of(log: str) -> str:
    """Why a task failed, out of its log: the stage's own sentence, else the exception, else DVC's last word."""
    if found := re.findall(r"ERROR in stage (\S+)\n\s+(.+)", log):
        stage, sentence = found[-1]
        return f"stage {stage}: {sentence.strip()}"
    if crashes := re.findall(r"Traceback \(most recent call last\):\n(?:[ \t].*\n)+(\S.*)", log):
        return str(crashes[-1])
    lines = [line.strip().removeprefix("ERROR: ") for line in log.splitlines() if line.strip()]
    return lines[-1] if lines else "it left no log; the files in .dvc/tmp/exps/celery may say more"


def seconds_of(log: str) -> float:
    """Seconds of the stages that ran, as they log them; those from the cache take none."""
    return round(sum(float(seconds) for seconds in re.findall(r": (\d+\.\d) s, peak memory \d+ MiB", log)), 1)
