"""A finished small project with experiments beside it, in which the documentation's commands run."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from lexfit.config import load_params
from lexfit.evaluation.claim import MAIN, MEASURES
from lexfit.io import write_json, write_tsv
from lexfit.second_stage.scores import score_rows
from tests.docs.pages import PAGES, all_commands
from tests.publishing.finished import KFOLD, finished_run
from tests.stages.workspace import Workspace

RATES = [(rate, seed) for rate in (5.0e-5, 1.0e-4, 2.0e-4) for seed in (42, 43)]


def add_experiment(space: Workspace, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """A commit under refs/exps, as `dvc exp run` leaves it: the run's files, with other params.

    Args:
        space: Its branch stays where it is.
        name: The experiment's.
        change: Gets the params, to alter them.
    """
    params = yaml.safe_load((space.root / "params.yaml").read_text())
    change(params)
    (space.root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    base = space.run("git", "rev-parse", "HEAD").stdout.strip()
    space.run("git", "commit", "-qam", name, "--allow-empty")
    space.run("git", "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/{name}", "HEAD")
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
    space = finished_run(root, base, KFOLD)
    write_shown_files(root)
    write_second_stage(root)
    space.commit("run")

    def seeded(seed: int) -> Callable[[dict[str, Any]], None]:
        return lambda params: params.update(seed=seed)

    add_experiment(space, "aila-kfold", seeded(42))
    for seed in (42, 43, 44):
        add_experiment(space, f"second-{seed}", seeded(seed))
    for number, (rate, seed) in enumerate(RATES, 1):

        def change(params: dict[str, Any], rate: float = rate, seed: int = seed) -> None:
            params["seed"] = seed
            params["train"]["learning_rate"] = rate

        add_experiment(space, f"rate-{number}", change)
    return space

