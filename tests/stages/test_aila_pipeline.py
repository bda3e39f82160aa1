"""The whole pipeline on the real AILA data, made small: both ways of scoring that the data allow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.stages.workspace import Workspace, make_workspace

COMMON = [
    "data=aila_fire",
    "train=smoke",
    "crossval.folds=[0,1]",
    "evaluation.bootstrap=1000",
    "evaluation.permutations=1000",
    "retention=none",
    "audit=text",
]


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory, aila_release: Path) -> Workspace:
    workspace = make_workspace(
        tmp_path_factory.mktemp("aila") / "project",
        [*COMMON, "protocol=kfold"],
        {"LEXFIT_AILA_FIRE": str(aila_release)},
    )
    workspace.repro()
    workspace.commit("kfold")
    return workspace


def scores(space: Workspace) -> dict[str, object]:
    found: dict[str, object] = json.loads((space.root / "data/mteb_results/scores.json").read_text())
    return found


def test_kfold_claims_out_of_fold_and_labels_its_own_mteb_score(space: Workspace) -> None:
    found = json.loads((space.root / "data/mteb_results/scores.json").read_text())
    assert found["mteb"]["task"] == "AILAStatutes"
    assert found["mteb"]["clean"] is False
    assert found["mteb"]["label"].startswith("contaminated")
    assert found["mteb"]["methods"]["untrained"]["ndcg_at_10"] == 0.20516
    assert found["claim"]["queries"] == 50
    assert found["claim"]["methods"]["untrained"]["ndcg_at_10"] == pytest.approx(0.20516, abs=1e-5)
    assert found["claim"]["gain"]["mean"] > 0
    card = (space.root / "reports/model_card.md").read_text()
    assert "AILAStatutes, AILACasedocs" in card
    assert "contaminated" in card


def test_fire2019_scores_by_the_tracks_measures_over_197_statutes(space: Workspace) -> None:
    space.compose(*COMMON, "protocol=fire2019", "crossval.run=false")
    space.repro()
    metrics = json.loads((space.root / "reports/metrics.json").read_text())["fire2019"]
    assert round(metrics["bm25_map"], 4) == 0.0723
    assert metrics["untrained_map"] == pytest.approx(0.0680, abs=2e-4)
    assert metrics["finetuned_map"] > 0
    found = json.loads((space.root / "data/mteb_results/scores.json").read_text())
    assert found["claim"]["queries"] == 40
    assert found["mteb"]["clean"] is False
    assert "AILA_Q2, which shares" in (space.root / "reports/model_card.md").read_text()
    space.run("git", "checkout", "-q", ".")


def test_zero_shot_on_aila_trains_on_other_labels_and_is_clean(space: Workspace) -> None:
    space.compose(*COMMON, "protocol=zero_shot", "data/train=constitution")
    space.repro("pairs")
    summary = json.loads((space.root / "data/pairs/eval/summary.json").read_text())
    assert summary["task_queries"] == {"test": 50}
    assert set(summary["training_queries"]) == {"constitution"}
    # Articles of the Constitution are among AILA's statutes, in another wording of the same text.
    assert summary["corpus_seen"]["documents"] > 0
    train = (space.root / "data/pairs/train/queries.jsonl").read_text() + (
        space.root / "data/pairs/train/documents.jsonl"
    ).read_text()
    release = (space.root / "data/raw/task/queries.jsonl").read_text().splitlines()
    assert not [line for line in release if json.loads(line)["text"][:200] in train]
    space.run("git", "checkout", "-q", ".")
