"""Which trainings a second-stage system takes under a protocol, and where their rankings stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.errors import LexfitError
from lexfit.evaluation.runs import Run, read_run
from lexfit.selection.folds import excluded_sets
from lexfit.stages.common import CROSSVAL, INNER_RUNS

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from lexfit.config import Params

NESTED = ("kfold", "all_labels")


def trainings(params: Params) -> list[frozenset[int]]:
    """The folds that each training leaves out, and whose queries it then ranks; the final model leaves out none.

    Under `kfold` and `all_labels` the claim is out of fold, so what is chosen for a fold (weights of a fusion) takes
    rankings by models that saw neither that fold nor the query: every fold and every pair is left out. Where queries
    of their own make the claim (`fire2019`, `holdout`), single folds give the rankings from which to choose. Under
    `zero_shot` there are no labels: held-out queries of the sources serve, and the final model is the only one.
    """
    folds = params.crossval.folds if params.crossval.run else []
    if params.protocol.name in NESTED:
        return [*excluded_sets(folds), frozenset()]
    return [*(frozenset({fold}) for fold in folds), frozenset()]


def student_trainings(params: Params) -> list[frozenset[int]]:
    """What each training of a student or soup leaves out: single folds where they make the claim, then none.

    No fusion learns from students, so no other rankings of theirs are needed.
    """
    most = 1 if params.protocol.name in NESTED else 0
    return [excluded for excluded in trainings(params) if len(excluded) <= most]


def name_of(excluded: frozenset[int]) -> str:
    """`3` without fold 3, `0-3` without both, `final` without none."""
    return "-".join(str(fold) for fold in sorted(excluded)) or "final"


def ranked_queries(queries: list[dict[str, Any]], excluded: frozenset[int]) -> dict[str, str]:
    """Text by id of the task's training queries that a training without some folds ranks."""
    return {q["id"]: q["text"] for q in queries if q["source"] == "task" and q["fold"] in excluded}


def first_stage_run(excluded: frozenset[int]) -> Run:
    """The embedding model's ranking of the folds that it was trained without.

    Raises:
        LexfitError: It isn't there.
    """
    if len(excluded) == 1:
        return read_whole(CROSSVAL / f"fold-{name_of(excluded)}" / "run.tsv")
    return read_whole(INNER_RUNS / f"{name_of(excluded)}.tsv")


def read_whole(path: Path) -> Run:
    """A ranking that a stage wrote.

    Raises:
        LexfitError: It isn't there.
    """
    if not path.exists():
        raise LexfitError(str(path), "isn't there", "Run `dvc repro`")
    return read_run(path)
