"""A callback of transformers' trainers: between steps, a process that holds much memory gives back what is free."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from lexfit.training.freed_memory import give_back


class GivingBack(TrainerCallback):
    """Looks after each step; where steps have texts of other lengths, what is kept would grow until none is left."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """After a step."""
        del args, state, control, kwargs
        give_back()

    def on_substep_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """After a part of a step, where its gradients are added up."""
        del args, state, control, kwargs
        give_back()
