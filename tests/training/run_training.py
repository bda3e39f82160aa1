"""A small training as a process of its own, to be killed: writes the final weights' hash to a file.

Usage: python -m tests.training.run_training MODEL OUT KILL_AT [override …]; KILL_AT 0 lets it finish, step n kills
the process with SIGKILL in the middle of step n + 1 (a negative n: while the checkpoint of step -n is being written).
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

import yaml

from lexfit.compose import compose
from lexfit.config import parse_params
from lexfit.training import trainer
from lexfit.training.steps import StepTrainer
from tests.conftest import REPO
from tests.training.test_trainer import make_data


def die() -> None:
    """As `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(kill_at: int) -> None:
    """Kill this process at a step, or while a checkpoint is written."""
    compute, save = StepTrainer.compute_loss, StepTrainer._save_rng_state

    def dying_step(self: StepTrainer, *args: Any, **kwargs: Any) -> Any:
        if 0 < kill_at == self.state.global_step:
            die()
        return compute(self, *args, **kwargs)

    def dying_save(self: StepTrainer, output_dir: str) -> None:
        if kill_at < 0 and self.state.global_step == -kill_at:
            die()  # weights and optimizer are written, the rest isn't
        save(self, output_dir)

    setattr(StepTrainer, "compute_loss", dying_step)  # noqa: B010
    setattr(StepTrainer, "_save_rng_state", dying_save)  # noqa: B010


def main(model: str, out: str, kill_at: str, *overrides: str) -> None:
    """Train, and write the hash of all weights."""
    arm(int(kill_at))
    text = compose([f"model.path={model}", "runtime.progress=false", *overrides], REPO / "conf")
    params = parse_params(yaml.safe_load(text))
    data = make_data(inner=params.train.early_stopping is not None)
    trained = trainer.fine_tune(params, data, Path(out).parent / "live")
    digest = hashlib.sha256()
    for name, tensor in sorted(trained.model.state_dict().items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    Path(out).write_text(digest.hexdigest() + "\n" + repr(trained.curve))


if __name__ == "__main__":
    main(*sys.argv[1:])
