"""Several processes for one stage, started by torch's launcher, which is what `accelerate launch` starts too."""

from __future__ import annotations

import os
import sys

from lexfit.errors import LexfitError

LAUNCHED = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE")  # what a launcher tells a process
SHARED = ("model", "pretrain", "crossval")  # stages whose whole work is one training


class SharedWorkDone(BaseException):
    """Ends the stage in every process but the first, once their shared work is done."""


def launched() -> int:
    """How many processes a launcher (`accelerate launch`, `torchrun`) started; 1 without one."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def launched_rank() -> int:
    """This process's number among them."""
    return int(os.environ.get("RANK", "0"))


def own_device(device: str) -> str:
    """`cuda` of a launched process is the device of its own number."""
    return f"cuda:{os.environ['LOCAL_RANK']}" if device == "cuda" and "LOCAL_RANK" in os.environ else device


def launcher(module: str, arguments: list[str], processes: int) -> list[str]:
    """The command that runs a module in several processes on this machine."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    return [*torchrun, "-m", module, *arguments]


def share_stage(name: str, processes: int) -> None:
    """Where a stage's training is to be shared, go on as its launcher; in a process that is launched, go on as one.

    A launcher that the user started (`accelerate launch -m lexfit.stages.model`, on several machines say) stays.

    Args:
        name: Of the stage, with `@` and its item where it has items.
        processes: `runtime.processes`.

    Raises:
        LexfitError: This stage runs in one process, and a launcher started several.
    """
    stage, _, item = name.partition("@")
    if launched() > 1:
        if stage not in SHARED:
            raise LexfitError(
                f"stage {name}",
                f"runs in one process, and a launcher started {launched()}",
                f"Run `python -m lexfit.stages.{stage}`; stages that share their work: {', '.join(SHARED)}",
            )
    elif processes > 1 and stage in SHARED:
        sys.stderr.flush()
        command = launcher(f"lexfit.stages.{stage}", [item] if item else [], processes)
        os.execv(command[0], command)
