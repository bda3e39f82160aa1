"""Checkpoints from which a killed training goes on to the same bytes: where they are, and when one is whole."""

from __future__ import annotations

import logging
import shutil
from dataclasses import asdict
from importlib.metadata import version
from itertools import accumulate
from operator import and_
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file

from lexfit.cache import cache_folder, code_digest, digest, is_whole
from lexfit.training.trunk_scope import weights_identity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import nn

    from lexfit.config import Params
    from lexfit.training.batches import TrainingData

logger = logging.getLogger(__name__)
STATE = "trained.safetensors"
LIBRARIES = ("torch", "transformers", "sentence-transformers", "peft", "accelerate")
SECTIONS = ("seed", "model", "adapter", "loss", "batches", "negatives", "train", "hardware")


def checkpoint_folder(params: Params, data: TrainingData) -> Path:
    """The folder of one training: its name is a hash of everything that its steps depend on.

    Interpolation comes after the last step, so another share takes up the same checkpoints.
    """
    sections: dict[str, Any] = {
        name: asdict(value) if not isinstance(value := getattr(params, name), int) else value for name in SECTIONS
    }
    del sections["train"]["interpolation"]
    contents = {**asdict(data), "positives": [sorted(columns.items()) for columns in data.positives]}
    key = {
        "params": sections,
        "sources": {n: [s.weight, s.query_prompt, s.document_prompt] for n, s in sorted(params.data.train.items())},
        "device": params.runtime.device,
        "data": contents,
        "weights": weights_identity(params.model),
        "code": code_digest(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    return cache_folder("checkpoints") / digest(key)


def latest_whole(folder: Path, *, with_best: bool = False) -> Path | None:
    """The last checkpoint that is as it was written; others, left by a kill or damaged since, are removed.

    A snapshot can't be made again from a checkpoint behind it: where one is damaged, all of the folder goes.

    Args:
        folder: Of one training.
        with_best: A checkpoint may name an earlier one as the best: it counts only behind undamaged ones.
    """
    if not all(is_whole(path) for path in folder.glob("snapshot-*") if path.suffix != ".tmp"):
        shutil.rmtree(folder)
        return None
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[-1]))
    whole = [path for path, good in zip(found, _good(found, with_best), strict=True) if good]
    for path in found:
        if path not in whole:
            shutil.rmtree(path)
    return whole[-1] if whole else None


def _good(checkpoints: Sequence[Path], with_best: bool) -> list[bool]:
    each = [is_whole(path) for path in checkpoints]
    return list(accumulate(each, and_)) if with_best else each


def run_steps(trainer: Any, checkpoint: Path | None) -> None:
    """Train, from a checkpoint on if there is one; behind the last step its state is all there is to take.

    There transformers' trainer would take one step more, where the steps end within an epoch. On the way memory is
    given back where much of it is held.
    """
    from transformers import TrainerState  # noqa: PLC0415
    from transformers.trainer import TRAINER_STATE_NAME  # noqa: PLC0415

    from lexfit.training.giving_back import GivingBack  # noqa: PLC0415

    trainer.add_callback(GivingBack())
    if checkpoint is not None:
        logger.info("going on from step %s", checkpoint.name.split("-")[-1])
        state = TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME))
        if state.global_step >= state.max_steps and not trainer.args.load_best_model_at_end:
            trainer._load_from_checkpoint(str(checkpoint))
            trainer.state = state
            return
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)


def trained_state(loss: nn.Module) -> dict[str, torch.Tensor]:
    """What training changes: parameters that train, the table of mined negatives, documents as steps embedded them."""
    state = {f"parameter/{n}": p.detach() for n, p in loss.named_parameters() if p.requires_grad}
    for name, buffer in loss.named_buffers():
        if name.startswith(("negatives.", "memory.")):
            state[f"buffer/{name}"] = buffer
    return {name: tensor.cpu().contiguous().clone() for name, tensor in state.items()}


def save_state(loss: nn.Module, checkpoint: Path) -> None:
    """Write `trained_state` into a checkpoint."""
    checkpoint.mkdir(parents=True, exist_ok=True)
    save_file(trained_state(loss), checkpoint / STATE)


def restore_state(loss: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Put a state of `trained_state` back."""
    targets: dict[str, Any] = {f"parameter/{n}": p for n, p in loss.named_parameters()}
    targets |= {f"buffer/{n}": b for n, b in loss.named_buffers()}
    with torch.no_grad():
        for name, tensor in state.items():
            targets[name].copy_(tensor)


def load_tensors(file: Path) -> dict[str, torch.Tensor]:
    """A state from its file.

    Raises:
        SafetensorError: It is damaged.
    """
    state: dict[str, torch.Tensor] = load_file(file)
    return state


def load_state(loss: nn.Module, checkpoint: Path) -> None:
    """Put a checkpoint's state back.

    Raises:
        SafetensorError: The file is damaged.
    """
    restore_state(loss, load_tensors(checkpoint / STATE))
