"""MTEB's data sets are declared by what trains."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lexfit.config import Params
from lexfit.corpus.declared import training_datasets

BOTH = ["AILAStatutes", "AILACasedocs"]


@pytest.mark.parametrize(
    ("overrides", "task_trains", "declared"),
    [
        (["data=aila_fire", "protocol=kfold"], True, BOTH),
        (["data=aila", "protocol=all_labels"], True, BOTH),
        (["data=aila_fire", "protocol=zero_shot", "data/train=constitution"], False, []),
        (["data=aila_fire", "protocol=zero_shot", "data/train=citations"], False, ["AILACasedocs"]),
        (["protocol=zero_shot", "data/train=aila_fire"], False, BOTH),
        (["data/train=beir", "data.train.beir.license=mit", "data.train.beir.hub_id=mteb/AILA_casedocs"], True, BOTH),
        ([], True, []),
    ],
)
def test_training_data_sets_are_declared(
    make_params: Callable[..., Params], overrides: list[str], task_trains: bool, declared: list[str]
) -> None:
    data = make_params(*overrides).data
    assert training_datasets([data] * task_trains + [*data.train.values()]) == declared
