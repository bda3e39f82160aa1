"""Weights kept on the way of a training, and their mean."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from lexfit.cache import mark_whole
from lexfit.training.checkpoints import STATE, load_tensors, save_state

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from torch import Tensor
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from lexfit.training.text_loss import TextLoss


def averaged_epochs(epochs: Iterable[int], count: int) -> set[int]:
    """The epochs whose weights are needed for the mean of the last `count` up to each of `epochs`."""
    return {epoch - back for epoch in epochs for back in range(count)}


class SnapshotCallback(TrainerCallback):
    """Keeps what training changed after some epochs, on disk: a restarted training finds those before its restart.

    They are taken at the step's end, before its checkpoint is written, so a checkpoint never lies behind a snapshot
    that isn't there.

    Args:
        loss: Holds the model.
        epochs: After which.
        folder: Where they are kept.
    """

    def __init__(self, loss: TextLoss, epochs: Collection[int], folder: Path) -> None:
        self._loss, self._epochs, self._folder = loss, epochs, folder

    def path(self, epoch: int) -> Path:
        """The snapshot after `epoch` epochs."""
        return self._folder / f"snapshot-{epoch}"

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Keep the weights if the step ends one of the epochs."""
        del args, control, kwargs
        epoch, rest = divmod(state.global_step, state.max_steps // state.num_train_epochs)
        if rest or epoch not in self._epochs:
            return
        unfinished = self.path(epoch).with_suffix(".tmp")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(self.path(epoch), ignore_errors=True)
        save_state(self._loss, unfinished)
        mark_whole(unfinished)
        unfinished.rename(self.path(epoch))

    def averaged(self, epoch: int, count: int) -> dict[str, Tensor]:
        """The mean of the weights after `epoch` and the `count - 1` epochs before it.

        Stochastic weight averaging (Izmailov et al. 2018, arXiv 1803.05407), over the last epochs as in Kaddour 2022
        (arXiv 2209.14981). What isn't a parameter is as after `epoch`.

        Raises:
            SafetensorError: A snapshot is damaged.
        """
        last = load_tensors(self.path(epoch) / STATE)
        if count == 1:
            return last
        total = {name: value.float() for name, value in last.items() if name.startswith("parameter/")}
        for back in range(1, count):
            for name, value in load_tensors(self.path(epoch - back) / STATE).items():
                if name in total:
                    total[name] += value.float()
        return last | {name: (value / count).to(last[name].dtype) for name, value in total.items()}
