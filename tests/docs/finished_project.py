"""A finished small project with experiments beside it, in which the documentation's commands run."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path

import yaml

from lexfit.config import load_params
from lexfit.evaluation.claim import MAIN, MEASURES
from lexfit.io import write_json, write_tsv
from lexfit.second_stage.scores import score_rows
from tests.docs.pages import PAGES, all_commands
from tests.publishing.finished import KFOLD, finished_run
from tests.stages.workspace import Workspace

RATES = (5.0e-5, 1.0e-4, 2.0e-4)


def add_experiment(space: Workspace, name: str, seed: int, rate: float | None = None) -> None:
    """A commit under refs/exps, as `dvc exp run` leaves it: the run's files, with other params; `second-…` has a table.

    All but `aila-kfold` stand under a commit that isn't there: found by name, and no work for `dvc exp show`.

    Args:
        space: Its branch stays where it is.
        name: The experiment's.
        seed: In its params.
        rate: Learning rate in its params, where it isn't the run's own.
    """
    params = yaml.safe_load((space.root / "params.yaml").read_text())
    params["seed"] = seed
    if rate is not None:
        params["train"]["learning_rate"] = rate
    (space.root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    if name.startswith("second-"):
        write_second_stage(space.root)
    base = space.run("git", "rev-parse", "HEAD").stdout.strip()
    space.run("git", "add", "-A")
    space.run("git", "commit", "-qm", name, "--allow-empty")
    under = base if name == "aila-kfold" else "ab" * 20
    space.run("git", "update-ref", f"refs/exps/{under[:2]}/{under[2:]}/{name}", "HEAD")
    space.run("git", "reset", "-q", "--hard", base)


def write_second_stage(root: Path) -> None:
    """A second stage's table: the first stage, and one row that is a little better."""
    rows = list(csv.DictReader((root / "reports/plots/per_query_gain.tsv").open(), delimiter="\t"))
    first = {row["query_id"]: float(row["finetuned"]) for row in rows}
    better = {query: min(1.0, value + 0.05) for query, value in first.items()}
    measured = {
        name: {query: {MAIN: value, **dict.fromkeys(MEASURES, value)} for query, value in own.items()}
        for name, own in (("first stage", first), ("neighbours alone", better))
    }
    params = load_params(root / "params.yaml")
    facts = {"protocol": params.protocol.name, "label": "out of fold", "depth": params.second_stage.depth}
    write_json(root / "reports/second_stage.json", {**facts, **score_rows(measured, params.evaluation, params.seed)})
    table = [[name, query, scores[MAIN]] for name, own in measured.items() for query, scores in own.items()]
    write_tsv(root / "reports/second_stage.tsv", ["row", "query_id", MAIN], table)


def write_shown_files(root: Path) -> None:
    """The files that `head` shows on the pages, as they are shown."""
    for _, command in all_commands(PAGES):
        if command.text.startswith("head "):
            (root / command.text.split()[-1]).write_text("\n".join(command.output) + "\n")


def make_project(root: Path, base: Path) -> Workspace:
    """A run under `kfold` of an untrained model, committed, and experiments by the names that the pages use."""
    from dvc.repo import Repo

    from lexfit.stages import model_card

    space = finished_run(root, base, [*KFOLD, "exports=none"], committed=False)
    with contextlib.chdir(root), Repo() as repo:
        repo.commit(force=True)
        model_card.main(load_params())  # it lists the hashes in dvc.lock, which is there now
        repo.commit(target="model_card", force=True)
    write_shown_files(root)
    space.run("git", "add", "-A")
    space.run("git", "commit", "-qm", "run", "--amend")
    add_experiment(space, "aila-kfold", 42)
    for seed in (42, 43, 44):
        add_experiment(space, f"second-{seed}", seed)
    for number, rate in enumerate(RATES, 1):
        add_experiment(space, f"rate-{number}", 42, rate)
    return space
