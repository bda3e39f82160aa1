"""A callback of transformers' trainers: a checkpoint counts once it is on disk, and a loss that is no number stops."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from lexfit.cache import mark_whole
from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import TrainerControl, TrainerState, TrainingArguments


class WholeCheckpoints(TrainerCallback):
    """Marks checkpoints that were written to their end.

    Args:
        folder: Of the checkpoints.
        what: That trains, for the error.

    Raises:
        LexfitError: While training, where the loss is no finite number.
    """

    def __init__(self, folder: Path, what: str) -> None:
        self._folder, self._what = folder, what

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Mark the checkpoint of this step."""
        del args, control, kwargs
        mark_whole(self._folder / f"checkpoint-{state.global_step}")

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Stop at a loss that is no number."""
        del args, control, kwargs
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            raise LexfitError(
                f"{self._what}, step {state.global_step}",
                f"the loss is {loss}",
                "Lower the phase's learning_rate, or use `-S hardware.dtype=float32`",
            )
