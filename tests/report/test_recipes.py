"""The method section tells every recipe of conf/, whatever trains first, however, and on what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lexfit.compose import compose
from lexfit.report.ledger import Ledger
from lexfit.report.page import templates_of
from tests.conftest import REPO

EXPERIMENTS = [f"experiment={path.stem}" for path in sorted((REPO / "conf/experiment").glob("*.yaml"))]
FACTS = {
    "queries": 90,
    "pairs": 221,
    "steps": 28,
    "attention": "sdpa",
    "trainable_parameters": 3_696_768,
    "parameters": 22_713_216,
    "loss": {"name": "TheLoss"},
    "mean_loss_of_last_epoch": 0.81,
}


def method(folder: Path, *overrides: str) -> str:
    """The section for a recipe; adaptation and first phase have run where the recipe has them."""
    (folder / "params.yaml").write_text(compose(list(overrides), REPO / "conf"))
    ledger = Ledger(section="5")
    params = ledger.params(folder / "params.yaml")
    summaries = {
        "model": FACTS,
        "negatives": {"negatives": 0, "dropped": {}},
        "adapted": {"steps": 100} if params.data["adapt"]["steps"] else None,
        "pretrained": {**FACTS, "steps": 40} if params.data["pretrain"]["recipe"] else None,
    }
    for name, summary in summaries.items():
        (folder / f"{name}.json").write_text(json.dumps(summary))
    facts = {name: ledger.json(folder / f"{name}.json") for name in summaries}
    return templates_of(ledger).get_template("method.md.j2").render(params=params, **facts)


@pytest.mark.parametrize("override", [*EXPERIMENTS, "loss=triplet", "loss=corpus_softmax", "adapter=full"])
def test_every_recipe_is_told(tmp_path: Path, override: str) -> None:
    text = method(tmp_path, override)
    assert "(3,696,768 of 22,713,216 parameters); loss TheLoss" in text
    assert all(line.count("|") == 3 for line in text.splitlines() if line.startswith("|"))


def test_what_trains_first_is_told_by_its_own_recipe(tmp_path: Path) -> None:
    text = method(tmp_path, "experiment=aila_kfold_on_zero_shot")
    assert "| trained first, on the further sources | the weights" in text
    assert "40 steps" in text
    assert "| trained from there |" in text


def test_adaptation_and_adapters_are_told(tmp_path: Path) -> None:
    text = method(tmp_path, "adapt=tsdae", "adapter=lora", "negatives=none", "batches.negatives=0")
    assert "by TSDAE on the documents that train: 100 steps" in text
    assert "| trained from there | LoRA adapters (3,696,768" in text
    assert "| negatives | none: 0 mined" in text
