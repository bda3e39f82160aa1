"""`lexfit select` reads the members from DVC's experiments in git, and writes a recipe that composes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from lexfit.__main__ import main
from lexfit.compose import compose
from lexfit.config import parse_params
from lexfit.errors import LexfitError
from lexfit.io import write_tsv
from lexfit.selection.choice import Member
from lexfit.selection.experiments import read_experiments
from lexfit.selection.folds import HEADER, Score, to_rows
from tests.conftest import REPO
from tests.selection.test_choice import make

COMMON = ["data=aila_fire", "protocol=kfold", "negatives=none", "loss=corpus_softmax", "batches=full", "train=corpus"]


def git(*arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def add_experiment(root: Path, name: str, quality: float, overrides: list[str], *, scores: bool = True) -> None:
    """A commit under refs/exps, as `dvc exp run` leaves it."""
    (root / "params.yaml").write_text(compose([*COMMON, *overrides], REPO / "conf"))
    if scores:
        member = make(name, 1.0, quality, 0.05)
        rows = [s for epochs in (6, 12) for share in (0.5, 1.0) for s in scores_at(member, epochs, share)]
        write_tsv(root / "reports/nested.tsv", HEADER, rows)
        summary = {"trainable_parameters": 2 if "top2" in str(overrides) else 1, "steps_per_epoch": 1}
        (root / "reports/nested.json").write_text(json.dumps(summary))
    git("add", "-A")
    git("commit", "-qm", name)
    git("update-ref", f"refs/exps/ab/cdef/{name}", "HEAD")
    git("reset", "-q", "--hard", "HEAD~1")


def scores_at(member: Member, epochs: int, share: float) -> list[list[object]]:
    """Scores that fall with the share, and with every epoch from 6 to 12."""
    factor = share * 6 / epochs
    found = []
    for fold, by_query in member.inner[1].items():
        found += [Score(epochs, share, q, int(q[1:]) % 5, fold, v * factor) for q, v in by_query.items()]
    found += [Score(epochs, share, q, int(q[1:]) % 5, None, v * factor) for q, v in member.outer[1].items()]
    return to_rows(found)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    git("init", "-q", "-b", "main")
    for folder in ("conf/experiment", "reports"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "params.yaml").write_text(compose([], REPO / "conf"))
    git("add", "-A")
    git("commit", "-qm", "start")
    return tmp_path


def test_the_winner_becomes_a_recipe_that_composes(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in (42, 43):
        add_experiment(root, f"low-{seed}", 0.3, ["adapter=top1", f"seed={seed}"])
        add_experiment(root, f"high-{seed}", 0.6, ["adapter=top2", f"seed={seed}"])
    add_experiment(root, "unrelated", 0.9, ["adapter=lora"], scores=False)
    main(["select", "--name", "chosen"])
    printed = capsys.readouterr().out
    found = json.loads((root / "reports/selection.json").read_text())
    assert found["seeds"] == [42, 43]
    assert len(found["members"]) == 8
    (winner,) = [m for m in found["members"] if m["winner"]]
    assert winner["recipe"] == {"adapter.top_layers": 2, "train.epochs": 6, "train.interpolation": 1.0}
    assert winner["steps"] == 6
    assert set(winner["experiments"]) == {"high-42", "high-43"}
    assert found["nested"]["low"] <= found["nested"]["mean"] <= found["nested"]["high"]
    assert f"{found['nested']['mean']:.4f}" in printed
    # The recipe, put into conf/, composes into the winner's own settings and no others.
    text = (root / "conf/experiment/chosen.yaml").read_text()
    assert f"{found['nested']['mean']:.4f}" in text
    for entry in REPO.glob("conf/*"):
        if not (root / "conf" / entry.name).exists():
            (root / "conf" / entry.name).symlink_to(entry)
    params = parse_params(yaml.safe_load(compose(["experiment=chosen"], root / "conf")))
    shorter = ["adapter=top2", "train.epochs=6", "train.schedule_epochs=12"]
    expected = parse_params(yaml.safe_load(compose([*COMMON, *shorter], REPO / "conf")))
    assert (params.adapter, params.loss, params.batches, params.train) == (
        expected.adapter, expected.loss, expected.batches, expected.train,
    )  # fmt: skip
    assert (params.data, params.protocol, params.crossval) == (expected.data, expected.protocol, expected.crossval)


def test_missing_experiments_scores_and_seeds_are_named(root: Path) -> None:
    with pytest.raises(LexfitError, match="no experiment with nested scores"):
        read_experiments([])
    add_experiment(root, "bare", 0.5, ["adapter=top1"], scores=False)
    with pytest.raises(LexfitError, match=r"bare: has no reports/nested\.tsv"):
        read_experiments(["bare"])
    with pytest.raises(LexfitError, match="nobody: is no DVC experiment"):
        read_experiments(["nobody"])
    add_experiment(root, "a", 0.5, ["adapter=top1", "seed=1"])
    add_experiment(root, "b", 0.5, ["adapter=top2", "seed=2"])
    with pytest.raises(SystemExit):
        main(["select", "--name", "x"])
    add_experiment(root, "c", 0.5, ["adapter=top2", "seed=1", "data.pool=all"])
    with pytest.raises(SystemExit):
        main(["select", "a", "c", "--name", "x"])
    assert not (root / "conf/experiment/x.yaml").exists()
