"""The training curve: a reproducible part for DVC's plots, and DVCLive with throughput and memory."""

from __future__ import annotations

import math
import resource
import time
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import TrainerControl, TrainerState, TrainingArguments


def memory_mib() -> float:
    """Peak memory of this process, or of the GPU where there is one, in MiB."""
    import torch  # noqa: PLC0415

    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated()) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class CurveCallback(TrainerCallback):
    """Records loss and learning rate of every step, and logs them with throughput and memory to DVCLive.

    Args:
        folder: DVCLive's folder; it isn't a DVC output, since throughput differs from run to run.
        pairs_per_step: Pairs in a batch, for throughput in pairs a second.

    Raises:
        LexfitError: A step's loss is not a finite number.
    """

    def __init__(self, folder: Path, pairs_per_step: int) -> None:
        from dvclive import Live  # noqa: PLC0415

        self.curve: list[dict[str, float]] = []
        self._pairs = pairs_per_step
        self._live = Live(str(folder), save_dvc_exp=False, dvcyaml=None, report=None, monitor_system=False)
        self._since = time.perf_counter()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock."""
        del args, state, control, kwargs
        self._since = time.perf_counter()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Keep one point a step."""
        del args, control, kwargs
        if logs is None or "loss" not in logs:
            return
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise LexfitError(
                f"training step {state.global_step}",
                f"the loss is {loss}",
                "Lower train.learning_rate, or use float32",
            )
        now = time.perf_counter()
        self.curve.append(
            {"step": state.global_step, "loss": round(loss, 6), "learning_rate": float(logs["learning_rate"])}
        )
        self._live.log_metric("train/loss", loss)
        self._live.log_metric("train/learning_rate", float(logs["learning_rate"]))
        self._live.log_metric("train/pairs_per_second", self._pairs / max(now - self._since, 1e-9))
        self._live.log_metric("train/memory_mib", memory_mib())
        self._live.next_step()
        self._since = now

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Close DVCLive's files."""
        del args, state, control, kwargs
        self._live.end()
