"""TensorBoard, MLflow and Weights & Biases beside DVCLive, through transformers' own integrations.

The trainer reports to what `runtime.trackers` names; here is what surrounds one training: that the package is there,
where its files go unless the environment says otherwise, and that its run ends with the training. A process may train
several models (folds, students), each as a run of its own.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOGS = Path("logs")  # git and DVC ignore it
PACKAGES = {"tensorboard": "tensorboard", "mlflow": "mlflow-skinny", "wandb": "wandb"}
PROJECT = "lexfit"


def check_trackers(trackers: Sequence[str]) -> None:
    """Raise `LexfitError` where a tracker's package isn't installed."""
    for name in trackers:
        if find_spec(name) is None:
            raise LexfitError(
                "params.yaml: runtime.trackers",
                f"{name} isn't installed here",
                f"Run `pip install -c requirements-tracking.lock {PACKAGES[name]}`, or leave it out with "
                "`-S tracking=dvclive`",
            )


def places(name: str) -> dict[str, str]:
    """Environment variables that transformers' integrations and the trackers read, for the training called `name`.

    What the user has set stays, but TensorBoard's folder gets a folder in it for each training.
    """
    logs = LOGS.resolve()
    board = os.environ.get("TENSORBOARD_LOGGING_DIR", str(logs / "tensorboard"))
    own = {
        "MLFLOW_TRACKING_URI": (logs / "mlflow").as_uri(),
        "MLFLOW_ALLOW_FILE_STORE": "true",  # a database needs more than mlflow-skinny
        "MLFLOW_EXPERIMENT_NAME": PROJECT,
        "WANDB_PROJECT": PROJECT,
        "WANDB_DIR": str(logs),
    }
    return {key: os.environ.get(key, value) for key, value in own.items()} | {
        "TENSORBOARD_LOGGING_DIR": str(Path(board) / name)
    }


def end_runs(trackers: Sequence[str], *, failed: bool) -> None:
    """End the runs that a training began; MLflow's is ended by transformers where the training came to its end."""
    if "wandb" in trackers:
        import wandb  # noqa: PLC0415

        wandb.finish(exit_code=int(failed))
    if "mlflow" in trackers:
        import mlflow  # noqa: PLC0415

        mlflow.end_run("FAILED" if failed else "FINISHED")


@contextmanager
def tracked(trackers: Sequence[str], name: str) -> Iterator[None]:
    """Surround a trainer and its training: a run called `name`, ended with the block, as failed where that raises.

    The trainer is made within it as well, since some integrations read the environment when they are made.
    """
    if not trackers:
        yield
        return
    check_trackers(trackers)
    before = dict(os.environ)
    os.environ.update(places(name))
    if "wandb" in trackers:
        LOGS.mkdir(exist_ok=True)
    failed = True
    try:
        yield
        failed = False
    finally:
        try:
            end_runs(trackers, failed=failed)
        finally:
            os.environ.clear()
            os.environ.update(before)
