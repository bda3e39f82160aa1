"""The members of a sweep, read from the commits of DVC experiments."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.io import decode_utf8
from lexfit.selection.folds import Score, from_text
from lexfit.selection.recipes import recipe_of
from lexfit.selection.texts import object_of, params_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SCORES, SUMMARY = "reports/nested.tsv", "reports/nested.json"


@dataclass(frozen=True)
class Experiment:
    """One experiment: its params, its scores by query, and facts of its trainings."""

    name: str
    commit: str
    params: dict[str, Any]
    scores: list[Score]
    summary: dict[str, Any]


def committed(commit: str, path: str) -> str | None:
    """A file's text in a commit; None where it isn't there."""
    return _git("show", f"{commit}:{path}")


def _git(*arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    return decode_utf8(done.stdout, f"git {' '.join(arguments)}") if done.returncode == 0 else None


def commit_of(revision: str) -> str | None:
    """The commit that a revision names; None if git knows none."""
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return found.strip() if found else None


def list_experiments() -> dict[str, str]:
    """Commit of every DVC experiment by name; the latest of one name."""
    listed = _git("for-each-ref", "--sort=committerdate", "--format=%(refname) %(objectname)", "refs/exps") or ""
    found = {}
    for line in listed.splitlines():
        ref, commit = line.split()
        parts = ref.split("/")
        if len(parts) == 5 and parts[2] not in {"exec", "celery"}:  # refs/exps/ab/cdef…/name
            found[parts[4]] = commit
    return found


def read_experiments(names: Sequence[str]) -> list[Experiment]:
    """Experiments with scores of nested cross-validation: those named, or all that have some.

    Raises:
        LexfitError: One that is named isn't there or has no scores, or there is none at all.
    """
    known = list_experiments()
    for name in names:
        if name not in known:
            raise LexfitError(name, "is no DVC experiment here", "`dvc exp list -A` shows them")
    found = []
    for name in names or sorted(known):
        commit = known[name]
        scores, params, summary = (committed(commit, path) for path in (SCORES, "params.yaml", SUMMARY))
        if scores is None or params is None or summary is None:
            if names:
                remedy = "Run it as `dvc exp run nested@scores -S selection=nested -S …`"
                raise LexfitError(name, f"has no {SCORES}", remedy)
            continue
        own = params_of(params, f"{name}: params.yaml")
        told = object_of(summary, f"{name}: {SUMMARY}")
        found.append(Experiment(name, commit, own, from_text(scores, f"{name}: {SCORES}"), told))
    if not found:
        raise LexfitError(
            "refs/exps", "hold no experiment with nested scores", "Queue some: runs/select_aila.sh shows how"
        )
    return found


def by_recipe(experiments: Sequence[Experiment]) -> dict[str, list[Experiment]]:
    """Experiments of one recipe under different seeds together, by what their recipe is.

    Raises:
        LexfitError: They are of different data or protocols, or not every recipe has the same seeds.
    """
    groups: dict[str, dict[int, Experiment]] = {}
    common: dict[str, str] = {}
    for experiment in experiments:
        params = experiment.params
        for section in ("data", "protocol", "clean", "crossval", "model"):
            text = json.dumps(params[section], sort_keys=True)
            if common.setdefault(section, text) != text:
                raise LexfitError(
                    experiment.name,
                    f"has another {section} than the experiments before it, so their scores don't compare",
                    "Name the experiments of one sweep",
                )
        recipe = recipe_of(params)
        groups.setdefault(recipe, {})[params["seed"]] = experiment
    seeds = {tuple(sorted(group)) for group in groups.values()}
    if len(seeds) > 1:
        listed = "; ".join(f"{next(iter(g.values())).name}: {sorted(g)}" for g in groups.values())
        raise LexfitError("refs/exps", f"recipes have different seeds ({listed})", "Run the missing ones")
    return {recipe: [group[seed] for seed in sorted(group)] for recipe, group in groups.items()}
