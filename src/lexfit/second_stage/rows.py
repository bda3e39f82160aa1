"""The rows of the second stage's table: which systems are fused how, and their rankings over all groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from lexfit.evaluation.claim import MAIN
from lexfit.second_stage.fusion import fuse, fuse_ranks, learn_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexfit.config_second_stage import SecondStageParams
    from lexfit.evaluation.runs import Run
    from lexfit.second_stage.groups import Group

FIRST, LEXICAL = "dense", "bm25"


class Row(NamedTuple):
    """Systems whose scores order the first stage's head: one alone, by reciprocal ranks, or by learned weights."""

    name: str
    kind: Literal["first", "alone", "ranks", "weights"]
    systems: tuple[str, ...]


def rows_of(second: Sequence[str]) -> list[Row]:
    """The rows for some second-stage systems: each alone and with what came before it, then all together.

    Args:
        second: Names of systems beside BM25 and the first stage.
    """
    both = (FIRST, LEXICAL)
    rows = [Row("first stage", "first", (FIRST,))]
    rows += [Row("+ BM25, reciprocal ranks", "ranks", both), Row("+ BM25, weights", "weights", both)]
    for name in second:
        rows += [
            Row(f"{name} alone", "alone", (name,)),
            Row(f"+ {name}, weights", "weights", (FIRST, name)),
            Row(f"+ BM25 + {name}, reciprocal ranks", "ranks", (*both, name)),
            Row(f"+ BM25 + {name}, weights", "weights", (*both, name)),
        ]
    if len(second) > 1:
        rows += [
            Row("all, reciprocal ranks", "ranks", (*both, *second)),
            Row("all, weights", "weights", (*both, *second)),
        ]
    return rows


def student_row(name: str) -> str:
    """The row of a student or soup, which takes the first stage's place."""
    return f"{name} in place of the first stage"


def rank_row(row: Row, groups: Sequence[Group], params: SecondStageParams) -> tuple[Run, dict[str, Any]]:
    """A row's ranking of every group's queries, and the weights that each group learned.

    Args:
        row: Which.
        groups: Disjoint queries.
        params: Depth and fusion.
    """
    run: Run = {}
    learned: dict[str, Any] = {}
    for group in groups:
        apply = {name: group.apply[name] for name in {FIRST: None, **dict.fromkeys(row.systems)}}
        if row.kind == "first":
            run |= {q: apply[FIRST][q] for q in group.queries}
        elif row.kind == "ranks":
            run |= fuse_ranks(apply, FIRST, group.queries, depth=params.depth, k=params.fusion.rrf_k)
        else:
            weights = {row.systems[0]: 1.0}
            if row.kind == "weights":
                learn = {name: group.learn[name] for name in row.systems}
                weights, score = learn_weights(
                    learn, FIRST, group.learn_qrels, depth=params.depth, grid=params.fusion.grid, measure=MAIN
                )
                learned[group.name] = {"weights": weights, f"inner_{MAIN}": round(score, 5)}
            run |= fuse(apply, FIRST, group.queries, depth=params.depth, weights=weights)
    return run, learned
