"""What a fold's fusion learns from was ranked by models that saw neither that fold nor the query."""

from __future__ import annotations

from collections.abc import Callable

from lexfit.config import Params
from lexfit.evaluation.runs import Run
from lexfit.second_stage.groups import fold_groups, out_of_fold
from lexfit.second_stage.plan import name_of, trainings

FOLD_OF = {f"q{i}": i % 3 for i in range(9)}
QRELS = {q: {"d": 1} for q in FOLD_OF if q != "q8"}


def run_of(excluded: frozenset[int]) -> Run:
    """A run that says by which training it was made."""
    return {q: {f"without {name_of(excluded)}": 1.0} for q, fold in FOLD_OF.items() if fold in excluded}


def test_learning_is_nested() -> None:
    for group in fold_groups([0, 1, 2], FOLD_OF, QRELS, {"dense": run_of}):
        own = int(group.name)
        assert {FOLD_OF[q] for q in group.queries} == {own}
        assert group.apply["dense"] == {q: {f"without {own}": 1.0} for q in group.queries}
        assert set(group.learn["dense"]) == set(group.learn_qrels) == {q for q in QRELS if FOLD_OF[q] != own}
        for query, scores in group.learn["dense"].items():
            pair = "-".join(str(fold) for fold in sorted({own, FOLD_OF[query]}))
            assert scores == {f"without {pair}": 1.0}


def test_every_judged_query_is_ranked_once() -> None:
    groups = fold_groups([0, 1, 2], FOLD_OF, QRELS, {"dense": run_of})
    assert sorted(q for group in groups for q in group.queries) == sorted(QRELS)


def test_out_of_fold_takes_each_folds_own_model() -> None:
    runs, qrels = out_of_fold([0, 1, 2], FOLD_OF, QRELS, {"dense": run_of})
    assert runs["dense"] == {q: {f"without {FOLD_OF[q]}": 1.0} for q in QRELS}
    assert qrels == QRELS


def test_trainings_by_protocol(make_params: Callable[..., Params]) -> None:
    def names(*overrides: str) -> list[str]:
        return [name_of(excluded) for excluded in trainings(make_params(*overrides))]

    assert names("protocol=kfold", "crossval.folds=[0,1,2]") == ["0", "1", "2", "0-1", "0-2", "1-2", "final"]
    assert names("protocol=holdout", "crossval=three") == ["0", "1", "2", "final"]
    assert names("protocol=holdout", "crossval=none") == ["final"]
    assert names("protocol=zero_shot", "crossval=none", "data=aila_fire", "data/train=citations") == ["final"]
