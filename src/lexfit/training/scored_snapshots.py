"""Held-out queries ranked by the weights on the way of a training: one training stands for many."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.training.base_models import prepare_torch
from lexfit.training.checkpoints import checkpoint_folder, restore_state, trained_state
from lexfit.training.held_out import HeldOutRanker
from lexfit.training.interpolation import interpolate
from lexfit.training.layers import count_parameters
from lexfit.training.snapshots import SnapshotCallback, averaged_epochs
from lexfit.training.trainer import prepare_loss, train
from lexfit.training.trunk import find_trunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexfit.config import Params
    from lexfit.evaluation.runs import Run
    from lexfit.training.batches import TrainingData


def score_held_out(
    params: Params,
    data: TrainingData,
    queries: list[dict[str, Any]],
    passages: dict[str, dict[str, list[str]]],
    *,
    epochs: Sequence[int],
    shares: Sequence[float],
) -> tuple[dict[tuple[int, float], Run], dict[str, int]]:
    """Train once, and rank held-out queries by the weights after each of some epochs, at each interpolation.

    The weights after e of n epochs are those of `train.epochs=e` with `train.schedule_epochs=n`, with
    `train.average_epochs` the mean of the last ones.

    Args:
        params: As for `fine_tune`; `train.interpolation` is not used.
        data: What trains.
        queries: Held-out queries, with `id`, `source` and `text`.
        passages: Passages by document id, by source.
        epochs: After which; none is above `train.epochs`.
        shares: Interpolations between base and tuned weights.

    Returns:
        A run for each epoch and share; `trainable_parameters` and `steps_per_epoch`.
    """
    prepare_torch(params.hardware, params.seed)
    folder = checkpoint_folder(params, data)
    loss = prepare_loss(params, data)
    base = trained_state(loss)
    last = params.train.average_epochs
    snapshots = SnapshotCallback(loss, averaged_epochs(epochs, last), folder)
    curve = train(params, data, loss, Path("dvclive/nested"), folder, observers=[snapshots])
    rankers = [
        HeldOutRanker(
            loss.model,
            find_trunk(params, loss.model),
            {q["id"]: q["text"] for q in queries if q["source"] == source},
            own,
            max_seq_length=params.model.max_seq_length,
            chunk=params.hardware.chunk,
        )
        for source, own in sorted(passages.items())
    ]
    runs: dict[tuple[int, float], Run] = {}
    for epoch in epochs:
        tuned = snapshots.averaged(epoch, last)
        for share in shares:
            restore_state(loss, interpolate(base, tuned, share))
            runs[epoch, share] = {query: scores for ranker in rankers for query, scores in ranker.run().items()}
    shutil.rmtree(folder, ignore_errors=True)
    return runs, {
        "trainable_parameters": count_parameters(loss.model.parameters())[0],
        "steps_per_epoch": len(curve) // params.train.epochs,
    }
