"""Published scores stand beside the run's own with label, source and date; tables of experiments, and the commit."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lexfit.config import Params
from lexfit.report.facts import commit, committed_comparisons, published
from lexfit.report.ledger import Ledger, Quoted, Source, Traced
from lexfit.reporting.compare_page import PUBLISHED
from tests.conftest import REPO


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the committed files that the report reads."""
    (tmp_path / PUBLISHED).parent.mkdir(parents=True)
    shutil.copyfile(REPO / PUBLISHED, tmp_path / PUBLISHED)
    shutil.copytree(REPO / "reports/comparisons", tmp_path / "reports/comparisons")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def claim_of(ledger: Ledger, score: float, queries: int = 50) -> Source:
    scores = {"queries": queries, "label": "clean: why", "methods": {"finetuned": {"ndcg_at_10": score}}}
    Path("scores.json").write_text(json.dumps(scores))
    return ledger.json(Path("scores.json"))


def test_published_scores_are_shown_in_order_with_label_source_and_date(
    project: Path, make_params: Callable[..., Params]
) -> None:
    params, ledger = make_params("data=aila_fire", "protocol=zero_shot", "data/train=constitution"), Ledger()
    rows = published(params, ledger, claim_of(ledger, 0.46))
    with (project / PUBLISHED).open() as stream:
        given = list(csv.DictReader(stream))
    assert len(rows) == len(given) + 1
    scores = [float(row[2]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    own = next(row for row in rows if row[0] == "**this run**")
    assert (own[2], own[3]) == ("0.46000", "clean: why")
    labels = {"clean", "unknown", "contaminated"}
    for row in rows:
        if row is not own:
            assert isinstance(row[2], Traced)
            assert all(isinstance(cell, Quoted) for n, cell in enumerate(row) if n != 2)
            assert str(row[3]).split("**")[1] in labels
            assert str(row[4]).startswith("github.com/")
            assert str(row[4])[-7:].startswith("20")


@pytest.mark.parametrize(("source", "queries"), [("constitution", 50), ("aila_fire", 40)])
def test_no_published_score_stands_beside_other_queries(
    project: Path, make_params: Callable[..., Params], source: str, queries: int
) -> None:
    del project
    protocol = "holdout" if source == "constitution" else "fire2019"
    params, ledger = make_params(f"data={source}", f"protocol={protocol}"), Ledger()
    assert published(params, ledger, claim_of(ledger, 0.4, queries)) == []


def test_tables_of_recipes_are_shown_and_comparisons_of_two_runs_are_not(project: Path) -> None:
    (project / "reports/comparisons/a-b.json").write_text(json.dumps({"systems": [], "moves": [], "published": []}))
    found = committed_comparisons(Ledger())
    assert sorted(found) == ["flagship", "zero_shot"]
    label, row = found[next(name for name in found if name == "zero_shot")][0]
    assert label == "the recipe itself"
    assert row.data["seeds"] == [42]


def test_the_commit_is_the_cards_with_what_was_not_committed(project: Path) -> None:
    card = project / "reports/model_card.md"
    sha = "0123456789abcdef0123456789abcdef01234567"
    card.write_text(f"# Card\n\nCommit {sha}, with uncommitted changes to a.py, conf/b.yaml.\n")
    assert commit(Ledger()) == {"id": sha, "changed": "`a.py`, `conf/b.yaml`"}
    card.write_text(f"# Card\n\nCommit {sha}.\n")
    assert commit(Ledger()) == {"id": sha, "changed": None}
    card.write_text("# Card\n\nCommit not a git checkout.\n")
    assert commit(Ledger()) == {"id": None, "changed": None}
