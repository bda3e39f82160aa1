"""The select step: from a sweep's experiments to a recipe in conf/experiment with its evidence."""

from __future__ import annotations

import json
from statistics import mean
from typing import TYPE_CHECKING, Any

import yaml

from lexfit.evaluation.significance import Interval, mean_interval
from lexfit.selection.choice import Member, Selection, member, select
from lexfit.selection.experiments import by_recipe
from lexfit.selection.recipes import varied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexfit.config import EvaluationParams
    from lexfit.selection.experiments import Experiment

RECIPE = ("adapter", "loss", "batches", "train")


def rounded(interval: Interval) -> dict[str, float]:
    """An interval as reports keep it."""
    return {"mean": round(interval.mean, 5), "low": round(interval.low, 5), "high": round(interval.high, 5)}


def members_of(experiments: Sequence[Experiment]) -> tuple[list[Member], list[list[Experiment]], list[dict[str, Any]]]:
    """Members (recipe, epochs, interpolation), with each one's experiments and the keys that set it apart."""
    groups = by_recipe(experiments)
    members, runs, keys = [], [], []
    for (_, group), differing in zip(groups.items(), varied(list(groups)), strict=True):
        summary = group[0].summary
        label = ", ".join(f"{key}={value}" for key, value in differing.items()) or "the only recipe"
        by_seed = {experiment.params["seed"]: experiment.scores for experiment in group}
        for epochs, share in sorted({score.setting for score in group[0].scores}):
            cost = (float(summary["trainable_parameters"]), float(epochs * summary["steps_per_epoch"]))
            members.append(member(label, (epochs, share), cost, by_seed))
            runs.append(list(group))
            keys.append({**differing, "train.epochs": epochs, "train.interpolation": share})
    return members, runs, keys


def evidence(
    members: Sequence[Member],
    keys: Sequence[dict[str, Any]],
    runs: Sequence[Sequence[Experiment]],
    params: EvaluationParams,
    seed: int,
) -> tuple[Selection, dict[str, Any]]:
    """The selection and all its numbers, as reports/selection.json keeps them."""
    chosen = select(members)
    seeds = sorted(chosen.nested_by_seed)
    nested = mean_interval(list(chosen.nested.values()), params, seed)
    unnested = mean_interval(list(chosen.unnested.values()), params, seed)
    table = []
    for index, one in enumerate(members):
        inner = [v for s in seeds for by_query in one.inner[s].values() for v in by_query.values()]
        outer = [mean(one.outer[s][q] for s in seeds) for q in chosen.nested]
        interval = mean_interval(outer, params, seed)
        table.append(
            {
                "recipe": keys[index],
                "trained_parameters": int(one.cost[0]),
                "steps": int(one.cost[1]),
                "inner": round(mean(inner), 5),
                "outer": {
                    "mean": round(interval.mean, 5),
                    "low": round(interval.low, 5),
                    "high": round(interval.high, 5),
                },
                "chosen_in_outer_folds": sum(i == index for folds in chosen.chosen.values() for i in folds.values()),
                "winner": index == chosen.winner,
                "experiments": {e.name: e.commit[:7] for e in runs[index]},
            }
        )
    first = runs[0][0].params
    return chosen, {
        "data": first["data"]["source"],
        "pool": first["data"]["pool"],
        "protocol": first["protocol"]["name"],
        "model": first["model"]["name"],
        "hardware": first["hardware"]["name"],
        "dtype": first["hardware"]["dtype"],
        "folds": len(first["crossval"]["folds"]),
        "seeds": seeds,
        "queries": len(chosen.nested),
        "nested": {
            **rounded(nested),
            "by_seed": {str(s): round(v, 5) for s, v in chosen.nested_by_seed.items()},
            "per_query": {q: round(v, 6) for q, v in chosen.nested.items()},
        },
        "unnested": {
            **rounded(unnested),
            "optimism": round(unnested.mean - nested.mean, 5),
        },
        "members": table,
    }


def recipe_file(name: str, experiment: Experiment, winner: Member, found: dict[str, Any]) -> str:
    """The text of conf/experiment/NAME.yaml: the winner's sections, with its evidence above them."""
    nested, unnested = found["nested"], found["unnested"]
    sections = {section: experiment.params[section] for section in RECIPE}
    train = sections["train"]
    laid_out = train["schedule_epochs"] or train["epochs"]
    sections["train"] = {
        **train,
        "epochs": winner.epochs,
        "schedule_epochs": None if laid_out == winner.epochs else laid_out,
        "interpolation": winner.interpolation,
    }
    groups = {
        "override /data": found["data"],
        "override /protocol": found["protocol"],
        "override /model": found["model"],
        "override /hardware": found["hardware"],
    }
    defaults = "\n".join(f"  - {key}: {value}" for key, value in groups.items())
    body = yaml.safe_dump(sections, sort_keys=False, allow_unicode=True)
    return (
        "# @package _global_\n"
        f"# Written by `lexfit select --name {name}` from {len(found['members'])} members, each under seeds "
        f"{', '.join(map(str, found['seeds']))} (reports/selection.json).\n"
        f"# Nested out-of-fold nDCG@10 of the choice: {nested['mean']:.4f} "
        f"({nested['low']:.4f} to {nested['high']:.4f}, {found['queries']} queries).\n"
        f"# The best member's own out-of-fold score is {unnested['mean']:.4f}, {unnested['optimism']:+.4f} from it: "
        "what choosing without nesting would have claimed.\n"
        f"defaults:\n{defaults}\n{body}"
    )


def dumped(found: dict[str, Any]) -> str:
    """reports/selection.json."""
    return json.dumps(found, indent=2, sort_keys=False) + "\n"
