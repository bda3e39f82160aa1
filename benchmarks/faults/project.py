"""The project that is disturbed: the repository's own pipeline, every stage, over tiny models and a few texts."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.conftest import write_beir, write_tiny, write_writer
from tests.stages.test_second_stage import FURTHER, LISTWISE, PLACE, PRETRAIN, SMALL, collection
from tests.stages.workspace import Workspace, make_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Three folds and a test split; every kind of training in some steps with checkpoints on the way, from a frozen trunk.
OVERRIDES = [
    "data=beir",
    "data.license=mit",
    "data.path=mine",
    "protocol=holdout",
    "crossval.folds=[0,1,2]",
    "audit=text",
    "negatives=union",
    "negatives.rank_max=8",
    "adapt=tsdae",
    "adapt.steps=4",
    "adapt.batch_size=4",
    "adapt.max_seq_length=32",
    "adapter=top1",
    "loss=corpus_softmax",
    "batches=full",
    "batches.size=3",
    "train=corpus",
    "train.epochs=3",
    "train.average_epochs=2",
    "model.max_seq_length=64",
    "retention.queries=20",
    "retention.max_drop=1.0",
    "selection=nested",
    "second_stage=all",
    "second_stage.fusion.grid=4",
    "evaluation.bootstrap=200",
    "evaluation.permutations=200",
    "runtime.checkpoint_every=2",
    "runtime.keep_checkpoints=true",
    *SMALL,
    *FURTHER,
    *PRETRAIN,
    "pretrain.recipe.adapter.top_layers=1",
]


def make_project(root: Path, models: Path, env: Mapping[str, str]) -> Workspace:
    """A project with git and DVC at `root` in which nothing has run, with models of random weights beside it.

    Args:
        root: Replaced if it is there.
        models: Where the models are written, or were by an earlier call.
        env: Added to the environment of what runs in the project.
    """
    shutil.rmtree(root, ignore_errors=True)
    tiny, writer = models / "tiny", models / "writer"
    if not (tiny / "model").exists():
        write_tiny(tiny)
        write_writer(writer, "llama")
    write_beir(root / "mine", collection("t", 0, 12, "test"), lambda q: "train" if int(q.id[2:]) < 9 else "test")
    write_beir(root / "cases", collection("c", 1000, 14, "train"), lambda _: "train")
    own = [f"model.path={tiny / 'model'}", f"{PLACE}.model.path={tiny / 'model'}"]
    own += [f"{LISTWISE}.model.{key}" for key in (f"path={writer}", "package=null", "gguf_file=null")]
    return make_workspace(root, [*OVERRIDES, *own], dict(env))
