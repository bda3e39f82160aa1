"""conf/ composes into the committed params.yaml, and each choice of each group is valid."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from lexfit.compose import compose
from lexfit.config import Params
from lexfit.errors import LexfitError
from tests.conftest import REPO

CONF = REPO / "conf"
NEEDS = {
    "data=aila": ["protocol=kfold"],
    "data=aila_fire": ["protocol=kfold"],
    "data=beir": ["data.license=mit", "data.path=x"],
    "data/train=beir": ["data.train.beir.license=mit"],
    "data/train=columns": ["data.train.columns.license=mit", "data.train.columns.path=x"],
    "data/train=crops": ["data.train.crops.license=mit", "data.train.crops.options.corpus=beir"],
    "data/train=synthetic": ["data.train.synthetic.license=mit", "data.train.synthetic.options.corpus=beir"],
    "protocol=fire2019": ["data=aila_fire"],
    "protocol=zero_shot": ["data/train=aila_fire"],
    "negatives=none": ["batches.negatives=0"],
    "loss=corpus_softmax": ["batches=full"],
    "batches=full": ["loss=corpus_softmax"],
    "second_stage=all": ["loss=corpus_softmax", "batches=full"],
    "soup=folds": ["loss=corpus_softmax", "batches=full"],
    "second_stage=distilled": ["loss=corpus_softmax", "batches=full"],
    "student=all": ["loss=corpus_softmax", "batches=full"],
    "hardware=rtx5090": ["adapter=lora"],
    "hardware=rtx5090_x2": ["adapter=lora"],
    "pretrain=further": ["data=aila_fire", "data/train=citations", "protocol=kfold"],
}
# Groups that stand inside of another one's choice.
INNER = {
    "listwise": ("second_stage=listwise", "listwise@second_stage.listwise.listwise"),
    "neighbours": ("second_stage=neighbours", "neighbours@second_stage.neighbours.neighbours"),
    "reranker": ("second_stage=reranker", "reranker@second_stage.rerankers.reranker"),
    "soup": ("second_stage=all", "soup@second_stage.soups.soup"),
    "student": ("second_stage=distilled", "student@second_stage.students.student"),
}
CHOICES = sorted(f"{path.parent.relative_to(CONF)}={path.stem}" for path in CONF.rglob("*.yaml") if path.parent != CONF)


def test_params_yaml_is_the_composition_of_conf() -> None:
    assert (REPO / "params.yaml").read_text() == compose([], CONF)


@pytest.mark.parametrize("choice", CHOICES)
def test_each_choice_composes_and_is_valid(choice: str, make_params: Callable[..., Params]) -> None:
    group, name = choice.split("=")
    outer, place = INNER.get(group, ("", group))
    chosen = [outer, f"{place}={name}"] if outer else [choice]
    if group == "explainer":  # no part of params.yaml: tests/second_stage/test_explanations.py has its own
        assert yaml.safe_load(compose([f"+{choice}"], CONF))["explainer"]["model"]["name"] == name
        return
    assert make_params(*chosen, *NEEDS.get(choice, [])).seed == 42


def test_training_sources_combine(make_params: Callable[..., Params]) -> None:
    needs = NEEDS["data/train=columns"] + NEEDS["data/train=crops"]
    params = make_params("data/train=[central_acts,columns,crops]", "data.train.columns.overlap=drop", *needs)
    assert list(params.data.train) == ["central_acts", "columns", "crops"]
    assert params.data.train["columns"].overlap == "drop"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("neighbours=-1", r"central_acts\.options\.neighbours: is -1\. It must be at least 0"),
        ("max_queries=0", r"options\.max_queries: is 0"),
        ("kinds=[preambles]", r"options\.kinds\[0\]: is 'preambles'"),
        ("+colour=red", r"options\.colour: is not a known key"),
    ],
)
def test_options_of_a_source_are_checked(make_params: Callable[..., Params], override: str, message: str) -> None:
    plus, key = ("+", override[1:]) if override.startswith("+") else ("", override)
    with pytest.raises(LexfitError, match=message):
        make_params("data/train=central_acts", f"{plus}data.train.central_acts.options.{key}")


def test_unknown_choice_names_the_group() -> None:
    with pytest.raises(LexfitError, match="nonsense"):
        compose(["data=nonsense"], CONF)
