"""The training curve: a reproducible part for DVC's plots, and DVCLive with throughput and memory."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

if TYPE_CHECKING:
    from pathlib import Path

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


class CurveCallback(TrainerCallback):
    """Logs every step to DVCLive, with throughput and memory.

    Args:
        folder: DVCLive's folder; it isn't a DVC output, since throughput differs from run to run.
        rows_per_step: Rows in a batch, for throughput in rows a second.
    """

    def __init__(self, folder: Path, rows_per_step: int) -> None:
        from dvclive import Live  # noqa: PLC0415

        self._rows = rows_per_step
        self._live = Live(str(folder), save_dvc_exp=False, dvcyaml=None, report=None, monitor_system=False)
        self._since = time.perf_counter()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock, and the count where a restarted run's is."""
        del args, control, kwargs
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
        if logs is None or "loss" not in logs:
            return
        now = time.perf_counter()
        self._live.log_metric("train/loss", float(logs["loss"]))
        self._live.log_metric("train/learning_rate", float(logs["learning_rate"]))
        self._live.log_metric("train/rows_per_second", self._rows / max(now - self._since, 1e-9))
        self._live.log_metric("train/memory_mib", memory_mib())
        self._live.next_step()
        self._since = now

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Close DVCLive's files."""
        del args, state, control, kwargs
        self._live.end()
