"""Queries that are ranked together: what their fusion may learn from, and what it is applied to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lexfit.evaluation.runs import Run
    from lexfit.evaluation.trec import Qrels


class Group(NamedTuple):
    """Some queries, every system's ranking of them, and rankings of other queries to learn a fusion from.

    `learn` and `apply` hold runs by system. No model behind `learn` saw a query of this group or the one it ranks.
    """

    name: str
    learn: Mapping[str, Run]
    learn_qrels: Qrels
    apply: Mapping[str, Run]
    queries: Sequence[str]


def restricted(run: Run, queries: Iterable[str]) -> Run:
    """The rankings of some queries."""
    return {query_id: run[query_id] for query_id in queries if query_id in run}


def fold_groups(
    folds: Sequence[int],
    fold_of: Mapping[str, int],
    qrels: Qrels,
    systems: Mapping[str, Callable[[frozenset[int]], Run]],
) -> list[Group]:
    """One group for each fold, nested: what a fold learns from are the other folds, ranked without that fold.

    Args:
        folds: Their numbers.
        fold_of: Fold by query.
        qrels: Judgements of all queries; one without any takes no part.
        systems: For each system, its ranking of the queries of the folds that it was trained without.
    """
    groups = []
    for fold in folds:
        own = [q for q, number in fold_of.items() if number == fold and q in qrels]
        learn: dict[str, Run] = {name: {} for name in systems}
        others: list[str] = []
        for inner in folds:
            if inner == fold:
                continue
            ranked = [q for q, number in fold_of.items() if number == inner and q in qrels]
            others += ranked
            for name, run_of in systems.items():
                learn[name] |= restricted(run_of(frozenset({fold, inner})), ranked)
        apply = {name: restricted(run_of(frozenset({fold})), own) for name, run_of in systems.items()}
        groups.append(Group(str(fold), learn, {q: qrels[q] for q in others}, apply, own))
    return groups


def out_of_fold(
    folds: Sequence[int],
    fold_of: Mapping[str, int],
    qrels: Qrels,
    systems: Mapping[str, Callable[[frozenset[int]], Run]],
) -> tuple[dict[str, Run], Qrels]:
    """Every training query ranked by the model of its own fold, by system: what a final fusion learns from."""
    runs: dict[str, Run] = {name: {} for name in systems}
    queries: list[str] = []
    for fold in folds:
        own = [q for q, number in fold_of.items() if number == fold and q in qrels]
        queries += own
        for name, run_of in systems.items():
            runs[name] |= restricted(run_of(frozenset({fold})), own)
    return runs, {q: qrels[q] for q in queries}
