"""The second stage's table over seeds: from experiments, and from what an earlier table kept of them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

import pytest
import yaml

from lexfit.compose import compose
from lexfit.errors import LexfitError
from lexfit.evaluation.claim import MAIN, MEASURES
from lexfit.reporting.second_stage import FOLDER, read_scored, write_second_stage
from lexfit.second_stage.scores import score_rows
from tests.conftest import REPO

if TYPE_CHECKING:
    from collections.abc import Callable

    from lexfit.config import Params

QUERIES = [f"q{i}" for i in range(12)]
ROWS = {"first stage": 0.4, "+ neighbours": 0.5}


def score(row: str, query: str, seed: int) -> float:
    return round(ROWS[row] + 0.01 * (seed - 42) + 0.02 * (int(query[1:]) % 5), 6)


def experiment(root: Path, params: Params, seed: int, *overrides: str) -> None:
    """A commit with a run's files, which DVC's ref for an experiment names."""
    (root / "reports").mkdir(exist_ok=True)
    (root / "params.yaml").write_text(compose([f"seed={seed}", *overrides], REPO / "conf"))
    by_query = {row: {q: dict.fromkeys((MAIN, *MEASURES), score(row, q, seed)) for q in QUERIES} for row in ROWS}
    facts = {"protocol": "kfold", "label": "clean", "depth": 20}
    found = facts | score_rows(by_query, params.evaluation, seed)
    (root / "reports/second_stage.json").write_text(json.dumps(found, sort_keys=True))
    lines = [f"{row}\t{q}\t{score(row, q, seed)}" for row in ROWS for q in QUERIES]
    (root / "reports/second_stage.tsv").write_text("\n".join(["row\tquery_id\tndcg_at_10", *lines]) + "\n")
    for command in (
        ["add", "-A"],
        ["commit", "-qm", "run"],
        ["update-ref", f"refs/exps/ab/{seed:038d}/second-{seed}", "HEAD"],
    ):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *command], check=True, cwd=root)


@pytest.fixture
def project(make_params: Callable[..., Params], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "here"
    root.mkdir()
    monkeypatch.chdir(root)
    subprocess.run(["git", "init", "-q"], check=True)
    for seed in (42, 43):
        experiment(root, make_params(), seed)
    return root


def test_rows_are_means_over_seeds_in_the_tables_order(project: Path, make_params: Callable[..., Params]) -> None:
    written = write_second_stage("both", ["second-42", "second-43"], make_params().evaluation, 42)
    found = json.loads((project / FOLDER / "both.json").read_text())
    expected = mean(score("+ neighbours", q, seed) for q in QUERIES for seed in (42, 43))
    assert found["rows"]["+ neighbours"]["ndcg_at_10"]["mean"] == pytest.approx(expected, abs=1e-5)
    assert found["rows"]["+ neighbours"]["difference"]["mean"] == pytest.approx(0.1, abs=1e-5)
    assert list(found["rows"]["+ neighbours"]["by_seed"]) == ["42", "43"]
    lines = written.read_text().splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in lines if line.startswith("| ")][2:] == list(ROWS)


def test_seeds_of_two_machines_meet_in_one_table(
    project: Path, make_params: Callable[..., Params], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One machine has an experiment, of the other's there is only what its own table kept."""
    evaluation = make_params().evaluation
    write_second_stage("both", ["second-42", "second-43"], evaluation, 42)
    write_second_stage("one", ["second-42"], evaluation, 42)
    there = tmp_path / "there"
    there.mkdir()
    monkeypatch.chdir(there)
    subprocess.run(["git", "init", "-q"], check=True)
    experiment(there, make_params(), 43)
    kept = shutil.copytree(project / FOLDER / "one/second-42", there / "came/second-42")
    write_second_stage("both", [str(kept), "second-43"], evaluation, 42)
    ours, theirs = (json.loads((root / FOLDER / "both.json").read_text()) for root in (project, there))
    assert {k: v for k, v in ours.items() if k != "experiments"} == {
        k: v for k, v in theirs.items() if k != "experiments"
    }
    assert theirs["experiments"]["second-42"] == ours["experiments"]["second-42"]
    assert (there / FOLDER / "both/second-42/second_stage.tsv").read_bytes() == (kept / "second_stage.tsv").read_bytes()


def test_what_does_not_belong_into_one_table_is_named(
    project: Path, make_params: Callable[..., Params], tmp_path: Path
) -> None:
    experiment(project, make_params(), 44, "train.learning_rate=1e-3")
    with pytest.raises(LexfitError, match="second-44: is of another recipe than second-42"):
        read_scored(["second-42", "second-44"])
    with pytest.raises(LexfitError, match="name a seed twice"):
        read_scored(["second-42", "second-42"])
    with pytest.raises(LexfitError, match="elsewhere: is no DVC experiment here, and no folder"):
        read_scored(["elsewhere"])
    with pytest.raises(LexfitError, match=r"has no reports/second_stage\.json"):
        read_scored([str(tmp_path)])


def test_kept_params_are_read_as_plain_data(project: Path, make_params: Callable[..., Params]) -> None:
    write_second_stage("one", ["second-42"], make_params().evaluation, 42)
    kept = project / FOLDER / "one/second-42"
    assert yaml.safe_load((kept / "params.yaml").read_text())["seed"] == 42
    (kept / "params.yaml").write_text("seed: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(LexfitError, match=r"params\.yaml"):
        read_scored([str(kept)])
