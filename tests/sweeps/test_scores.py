"""What a sweep goes by, and how far its members are run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.sweeps.scores import INNER, OUT_OF_FOLD, part_of, score_kind, shares_of

KFOLD = ("data=aila_fire", "protocol=kfold", "crossval=five", "train.epochs=10")


def test_the_protocol_says_which_score_chooses(make_params: Callable[..., Params]) -> None:
    assert score_kind(make_params(), None) == OUT_OF_FOLD
    assert score_kind(make_params(), INNER) == INNER
    assert score_kind(make_params(*KFOLD), None) == INNER


@pytest.mark.parametrize("asked", ["claim", "mteb.finetuned_ndcg_at_10", "fire2019.finetuned_map", "test"])
def test_a_claimed_or_tested_score_may_not_choose(make_params: Callable[..., Params], asked: str) -> None:
    with pytest.raises(LexfitError, match=f"--score {asked}: is scored on what is claimed or tested"):
        score_kind(make_params(), asked)


def test_what_a_protocol_claims_may_not_choose(make_params: Callable[..., Params]) -> None:
    with pytest.raises(LexfitError, match="is what kfold claims"):
        score_kind(make_params(*KFOLD), OUT_OF_FOLD)
    with pytest.raises(LexfitError, match="is no score that a sweep goes by"):
        score_kind(make_params(), "loss")
    with pytest.raises(LexfitError, match=r"crossval\.run: is false"):
        score_kind(make_params("crossval.run=false"), None)
    with pytest.raises(LexfitError, match=r"crossval\.folds: are two"):
        score_kind(make_params(*KFOLD, "crossval.folds=[0,1]"), None)


def test_rungs_are_folds_where_the_test_queries_lie_outside_them(make_params: Callable[..., Params]) -> None:
    three = make_params()
    shares = shares_of(OUT_OF_FOLD, three, halving=True)
    parts = [part_of(OUT_OF_FOLD, three, share) for share in shares]
    assert [part.targets for part in parts] == [
        ("crossval@0",),
        ("crossval@0", "crossval@1"),
        ("crossval@0", "crossval@1", "crossval@2"),
    ]
    assert [(part.done, part.of, part.overrides) for part in parts] == [(1, 3, ()), (2, 3, ()), (3, 3, ())]
    assert shares_of(OUT_OF_FOLD, three, halving=False) == [1.0]
    five = make_params("crossval=five")
    assert [part_of(OUT_OF_FOLD, five, s).done for s in shares_of(OUT_OF_FOLD, five, halving=True)] == [2, 3, 5]


def test_rungs_are_epochs_of_one_schedule_where_folds_are_nested(make_params: Callable[..., Params]) -> None:
    params = make_params(*KFOLD)
    parts = [part_of(INNER, params, share) for share in shares_of(INNER, params, halving=True)]
    assert [part.done for part in parts] == [3, 5, 10]
    assert all(part.targets == ("nested@scores",) for part in parts)
    assert "train.epochs=3" in parts[0].overrides
    assert "train.schedule_epochs=10" in parts[0].overrides
    assert parts[-1].overrides == ("selection=nested", "selection.epochs=[]", "selection.interpolations=[1.0]")
    rung = make_params(*KFOLD, *parts[0].overrides)
    assert (rung.train.epochs, rung.train.schedule_epochs, rung.selection.stages) == (3, 10, ["scores"])
    steps = make_params(*KFOLD, "train.max_steps=5")
    with pytest.raises(LexfitError, match=r"train\.max_steps: counts steps"):
        shares_of(INNER, steps, halving=True)
