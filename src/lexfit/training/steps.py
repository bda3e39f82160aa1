"""sentence-transformers' trainer with batches of numbers, checks of every step, and small checkpoints."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers import SentenceTransformerTrainer
from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator
from torch import Tensor, nn
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from lexfit.cache import mark_whole
from lexfit.errors import LexfitError
from lexfit.training.checkpoints import load_state, save_state
from lexfit.training.processes import add_gradients, prepare_accelerator, rank, wait

if TYPE_CHECKING:
    from lexfit.training.text_loss import TextLoss

EXPLOSION = 20.0  # times the first step's loss


class LabelCollator(SentenceTransformerDataCollator):
    """A batch is its labels: the loss holds the texts, tokenised once."""

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        """Labels of the rows, shape (rows, 3)."""
        return {"label": torch.tensor([row["label"] for row in features])}


class StepTrainer(SentenceTransformerTrainer):
    """Names the step and batch of a loss that is no number or explodes; saves only what training changes.

    The learning-rate schedule is that of a training of `schedule_epochs`, of which this one may be the beginning.
    """

    loss: TextLoss
    schedule_epochs: int
    _first: float | None = None

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of a step.

        Raises:
            LexfitError: It is not finite, or more than 20 times that of the first step.
        """
        labels: Tensor = inputs["label"]
        self.loss.begin_step(self.state.global_step)
        result = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        value = float((result[0] if return_outputs else result).detach())
        if self._first is None:
            self._first = abs(value)
        exploded = abs(value) > EXPLOSION * max(self._first, 1.0)
        if not math.isfinite(value) or exploded:
            queries = [self.loss.query_ids[row] for row in torch.unique(labels[:, 0]).tolist()]
            shown = ", ".join(queries[:8]) + (f" and {len(queries) - 8} more" if len(queries) > 8 else "")
            what = f"is {value}" if not math.isfinite(value) else f"has grown from {self._first:.3g} to {value:.3g}"
            raise LexfitError(
                f"training step {self.state.global_step + 1}",
                f"the loss {what} on the batch with queries {shown}",
                "Lower train.learning_rate, or use hardware.dtype=float32",
            )
        return result

    def create_accelerator_and_postprocess(self) -> None:
        """Where several processes train, each has whole batches and adds the others' gradients to its own.

        The backward pass has the attention kernel that it needs.
        """
        super().create_accelerator_and_postprocess()
        prepare_accelerator(self.accelerator)
        backward = self.accelerator.backward

        def attending(loss: Tensor, **kwargs: Any) -> None:
            with self.loss.backward_kernel():
                backward(loss, **kwargs)

        self.accelerator.backward = attending

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        """One step's loss and gradients, those of all processes."""
        loss: Tensor = super().training_step(*args, **kwargs)
        add_gradients(p for p in self.loss.model.parameters() if p.requires_grad)
        return loss

    def create_scheduler(self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None) -> Any:
        """The schedule; warm-up given as a share is a share of all that it is laid out for.

        Args:
            num_training_steps: Of this training.
            optimizer: As in the base class.
        """
        laid_out = num_training_steps * self.schedule_epochs // int(self.args.num_train_epochs)
        return super().create_scheduler(laid_out, optimizer)

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Leave it out: the pipeline writes its own card from the run's files."""

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        del state_dict
        save_state(self.loss, Path(output_dir or self.args.output_dir))

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        wait()
        if rank() == 0:
            mark_whole(Path(self.args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}")

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        del model
        load_state(self.loss, Path(resume_from_checkpoint))

    def _load_best_model(self) -> None:
        best = self.state.best_model_checkpoint
        if best is None:
            raise LexfitError(
                "params.yaml: train.early_stopping", "no epoch had a score on the inner fold", "Set it to null"
            )
        load_state(self.loss, Path(best))
