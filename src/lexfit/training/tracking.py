"""The training curve: a reproducible part for DVC's plots, and DVCLive with throughput and the use of the machine."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from dvclive import Live
    from transformers import TrainerControl, TrainerState, TrainingArguments


def memory_mib() -> float:
    """Peak memory of this process, or of the GPU where there is one, in MiB."""
    import torch  # noqa: PLC0415

    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated()) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def curve_of(state: TrainerState) -> list[dict[str, float]]:
    """Loss and learning rate of every step, those before a restart included."""
    return [
        {"step": entry["step"], "loss": round(float(entry["loss"]), 6), "learning_rate": float(entry["learning_rate"])}
        for entry in state.log_history
        if "loss" in entry
    ]


SAMPLE_SECONDS, SAMPLES = 0.1, 29  # the most that DVCLive takes: a point of the machine's use about every three seconds


class CurveCallback(TrainerCallback):
    """Logs every step to DVCLive, with throughput, memory, and the use of GPU, CPU, memory and disk over time.

    Watching the machine is a thread, which would keep a process alive whose training failed: train within
    `with callback:`, which ends it.

    Args:
        folder: DVCLive's folder; it isn't a DVC output, since throughput differs from run to run.
        rows_per_step: Rows in a batch, for throughput in rows a second.
    """

    def __init__(self, folder: Path, rows_per_step: int) -> None:
        self._folder = folder
        self._rows = rows_per_step
        self._live: Live | None = None
        self._since = time.perf_counter()

    def __enter__(self) -> CurveCallback:
        """Open DVCLive's files and watch the machine."""
        import torch  # noqa: PLC0415
        from dvclive import Live, monitor_system  # noqa: PLC0415

        if not torch.cuda.is_available():
            monitor_system.GPU_AVAILABLE = False  # it means pynvml: without a driver DVCLive would log nothing at all
        self._live = Live(str(self._folder), save_dvc_exp=False, dvcyaml=None, report=None)
        self._live.monitor_system(SAMPLE_SECONDS, SAMPLES)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close DVCLive's files and watch no longer."""
        del kind, error, traceback
        if self._live is not None:
            self._live.end()
            self._live = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock, and the count where a restarted run's is."""
        del args, control, kwargs
        if self._live is not None:
            self._live.step = state.global_step
        self._since = time.perf_counter()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Log one point a step."""
        del args, state, control, kwargs
        if logs is None or "loss" not in logs or self._live is None:
            return
        now = time.perf_counter()
        self._live.log_metric("train/loss", float(logs["loss"]))
        self._live.log_metric("train/learning_rate", float(logs["learning_rate"]))
        self._live.log_metric("train/rows_per_second", self._rows / max(now - self._since, 1e-9))
        self._live.log_metric("train/memory_mib", memory_mib())
        self._live.next_step()
        self._since = now
