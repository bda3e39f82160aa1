"""Commands that are killed, or left to their end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LONGEST = (
    1800.0  # seconds that any command may take: some make the whole pipeline, which takes minutes on a slow machine
)
POLL = 0.02


@dataclass(frozen=True)
class Finished:
    """How a command ended and what it said; `killed` if the harness ended it, or the stage that it ran."""

    status: int
    said: str
    seconds: float
    killed: bool = False


class Running:
    """A command in a process group of its own; what it says goes to a file, so that it never waits for a reader."""

    def __init__(self, command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> None:
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._start, self._killed = time.monotonic(), False
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def finish(self) -> Finished:
        """Wait for the end; what takes too long is killed, and what it said ends in that."""
        late = ""
        try:
            status = self._process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            status = self._process.wait()
            late = f"\nERROR: not at its end after {LONGEST:.0f} s; killed by the harness\n"
        with contextlib.suppress(ProcessLookupError):  # what the command left behind
            os.killpg(self._process.pid, signal.SIGKILL)
        self._said.seek(0)
        said = self._said.read() + late
        self._said.close()
        return Finished(status, said, round(time.monotonic() - self._start, 2), self._killed and status != 0)

    def wait(self, seconds: float) -> bool:
        """Let it run; whether it runs still after that time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the whole process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
            self._killed = True

    def stage_process(self) -> psutil.Process | None:
        """The Python process of the stage, once there is one; None if the command ends without."""
        while self._process.poll() is None:
            with contextlib.suppress(psutil.Error):
                for child in psutil.Process(self._process.pid).children(recursive=True):
                    if child.name().startswith("python") and "lexfit.stages." in " ".join(child.cmdline()):
                        return child
            time.sleep(POLL)
        return None

    def kill_stage(self, process: psutil.Process) -> None:
        """Kill the stage's process alone."""
        with contextlib.suppress(psutil.Error):
            process.kill()
            self._killed = True
