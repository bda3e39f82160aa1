"""What a member of a sweep is judged by: scores of training queries by models that never saw them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError
from lexfit.evaluation.claim import MAIN
from lexfit.jsonl import parse_shards
from lexfit.selection.experiments import SCORES, committed
from lexfit.selection.folds import from_text
from lexfit.stages.common import CROSSVAL, TRAIN

if TYPE_CHECKING:
    from pathlib import Path

    from lexfit.config import Params

OUT_OF_FOLD, INNER = "out_of_fold", "inner"
WORDS = {
    OUT_OF_FOLD: "out-of-fold nDCG@10 over the training queries",
    INNER: "inner-fold nDCG@10 of nested cross-validation",
}
TEST_SCORES = ("claim", "mteb", "fire2019", "tasks", "retention", "test")


@dataclass(frozen=True)
class Part:
    """How much of a member is run: stages to run, further overrides, and how many of how many folds or epochs."""

    targets: tuple[str, ...]
    overrides: tuple[str, ...]
    done: int
    of: int


def score_kind(params: Params, asked: str | None) -> str:
    """The score that a sweep under these params goes by.

    Under `kfold` what is claimed is the out-of-fold score itself, so members are judged by the inner folds of nested
    cross-validation; elsewhere by the folds of the training queries, since the test queries lie outside them.

    Raises:
        LexfitError: What is asked for may not choose, or there are too few folds.
    """
    if asked is not None and asked not in WORDS:
        named = asked.split(".")[0]
        problem = "is scored on what is claimed or tested, and a choice by it would make that claim worthless"
        if named not in TEST_SCORES:
            problem = "is no score that a sweep goes by"
        raise LexfitError(f"--score {asked}", problem, f"Use {' or '.join(WORDS)}, or leave it out")
    if asked == OUT_OF_FOLD and params.protocol.name == "kfold":
        problem = "is what kfold claims, and a choice by it would make that claim too good"
        raise LexfitError(f"--score {asked}", problem, f"Use {INNER}, or leave it out")
    if not params.crossval.run:
        problem = "is false, so no training query is held out to judge members by"
        raise LexfitError("crossval.run", problem, "Add `-S crossval=three`")
    kind = asked or (INNER if params.protocol.name == "kfold" else OUT_OF_FOLD)
    if kind == INNER and len(params.crossval.folds) < 3:
        problem = "are two, and inner models of nested cross-validation train without two"
        raise LexfitError("crossval.folds", problem, "Add `-S crossval=five`")
    return kind


def shares_of(kind: str, params: Params, *, halving: bool) -> list[float]:
    """How far members are run, rung by rung: of all folds or epochs a quarter, half and the whole.

    Raises:
        LexfitError: Halving by epochs of a training whose length is given in steps.
    """
    if not halving:
        return [1.0]
    if kind == INNER and params.train.max_steps is not None:
        raise LexfitError("train.max_steps", "counts steps, and halving goes by epochs here", "Set train.epochs")
    whole = len(params.crossval.folds) if kind == OUT_OF_FOLD else params.train.epochs
    return [size / whole for size in sorted({math.ceil(whole / 4), math.ceil(whole / 2), whole})]


def part_of(kind: str, params: Params, share: float) -> Part:
    """What of a member is run at a share of the whole.

    Out of fold, the first folds: those run at one rung come from DVC's cache at the next. Inner, the first epochs of
    the whole schedule, each time all folds.
    """
    if kind == OUT_OF_FOLD:
        folds = params.crossval.folds
        count = max(1, round(share * len(folds)))
        return Part(tuple(f"crossval@{fold}" for fold in folds[:count]), (), count, len(folds))
    train = params.train
    epochs = max(1, train.average_epochs, round(share * train.epochs))
    overrides = ["selection=nested", "selection.epochs=[]", f"selection.interpolations=[{train.interpolation}]"]
    if epochs < train.epochs:
        overrides += [f"train.epochs={epochs}", f"train.schedule_epochs={train.schedule_epochs or train.epochs}"]
    return Part(("nested@scores",), tuple(overrides), min(epochs, train.epochs), train.epochs)


def scores_by_query(kind: str, commit: str, folds: list[int]) -> dict[str, float]:
    """nDCG@10 by query of an experiment.

    Args:
        kind: Which score.
        commit: The experiment's.
        folds: Those that were run (out of fold only).

    Raises:
        LexfitError: Its scores are neither in its commit nor in DVC's cache.
    """
    if kind == INNER:
        text = committed(commit, SCORES)
        if text is None:
            raise LexfitError(f"{commit[:7]}: {SCORES}", "isn't in the experiment", "Run the member anew")
        by_query: dict[str, list[float]] = {}
        for score in from_text(text):
            if score.also_excluded is not None:
                by_query.setdefault(score.query_id, []).append(score.value)
        return {query: mean(values) for query, values in by_query.items()}
    return _out_of_fold(commit, folds)


def _out_of_fold(commit: str, folds: list[int]) -> dict[str, float]:
    from dvc.api import DVCFileSystem  # noqa: PLC0415  (half a second)
    from dvc.exceptions import DvcException  # noqa: PLC0415

    from lexfit.evaluation.runs import Run, run_of  # noqa: PLC0415
    from lexfit.evaluation.trec import evaluate  # noqa: PLC0415

    files = DVCFileSystem(".", rev=commit)

    def read(path: Path) -> str:
        text: str = files.read_text(path.as_posix())
        return text

    try:
        texts = {fold: files.read_text(f"{CROSSVAL.as_posix()}/fold-{fold}/run.tsv") for fold in folds}
        queries, documents = (
            [record for _, record in parse_shards(read, TRAIN / f"{name}.jsonl", f"{commit[:7]}: ")]
            for name in ("queries", "documents")
        )
    except (DvcException, OSError) as error:
        remedy = f"Fetch it with `git checkout {commit[:7]}` and `dvc pull`, or run the member anew"
        raise LexfitError(f"{commit[:7]}: {CROSSVAL}", "isn't in DVC's cache", remedy) from error
    run: Run = {}
    for fold, text in texts.items():
        run |= run_of(text, f"{commit[:7]}: {CROSSVAL}/fold-{fold}/run.tsv")
    present = {document["id"] for document in documents}
    held_out = [query for query in queries if query["fold"] in folds]
    qrels = {q["id"]: {d: 1 for d in q["positives"] if d in present} for q in held_out}
    return {query: round(measures[MAIN], 6) for query, measures in evaluate(run, qrels).items()}
