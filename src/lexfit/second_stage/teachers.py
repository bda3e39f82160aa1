"""What other systems make of training queries: scores that teach a student, none by a model that saw what it judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.second_stage.fusion import standardised

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lexfit.evaluation.runs import Run


def averaged(rankings: Sequence[dict[str, float]], documents: Sequence[str]) -> dict[str, float]:
    """The mean of standardised scores over all documents; a system gives those that it didn't read its lowest score."""
    parts = [standardised(scores, documents) for scores in rankings]
    return {doc_id: sum(part[doc_id] for part in parts) / len(parts) for doc_id in documents}


def lessons(
    excluded: frozenset[int],
    fold_of: Mapping[str, int],
    systems: Mapping[str, Callable[[frozenset[int]], Run]],
    documents: Sequence[str],
) -> Run:
    """Teachers' scores of the queries that a student trains on.

    A query's teachers were trained without its fold and without the folds that the student leaves out: what they say
    isn't memory, and nothing of what is later evaluated reaches the student through them.

    Args:
        excluded: Folds that the student leaves out, at most one.
        fold_of: Fold by query.
        systems: Each teacher's ranking of the queries of the folds that it was trained without.
        documents: All that are ranked.
    """
    scores: Run = {}
    for fold in sorted(set(fold_of.values()) - excluded):
        runs = [run_of(excluded | {fold}) for run_of in systems.values()]
        for query in (q for q, number in fold_of.items() if number == fold):
            scores[query] = averaged([run.get(query, {}) for run in runs], documents)
    return scores
