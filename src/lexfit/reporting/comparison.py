"""Experiments side by side: recipes over their seeds, each against the first, from the files in their commits."""

from __future__ import annotations

import fnmatch
import json
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.evaluation.significance import holm, mean_interval, permutation_p
from lexfit.io import write_json, write_text
from lexfit.reporting.markdown import table
from lexfit.selection.experiments import committed, list_experiments
from lexfit.selection.recipes import flatten, recipe_of, varied
from lexfit.selection.texts import object_of, params_of, scores_by_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexfit.config import EvaluationParams

FOLDER = Path("reports/comparisons")
METRICS, PER_QUERY = "reports/metrics.json", "reports/plots/per_query_gain.tsv"


@dataclass(frozen=True)
class Finished:
    """An experiment that ran to its scores: nDCG@10 by query of what its protocol claims, and its metrics, dotted."""

    name: str
    commit: str
    params: dict[str, Any]
    per_query: dict[str, float]
    metrics: dict[str, Any]


def read_finished(patterns: Sequence[str]) -> list[Finished]:
    """Experiments whose names match, in the order of the patterns (`*` stands for anything), then by name.

    Raises:
        LexfitError: A pattern matches none, or one that it matches has no scores.
    """
    known, names = list_experiments(), list[str]()
    for pattern in patterns:
        matching = fnmatch.filter(sorted(known), pattern)
        if not matching:
            raise LexfitError(pattern, "matches no DVC experiment here", "`dvc exp list -A` shows them")
        names += [name for name in matching if name not in names]
    found = []
    for name in names:
        texts = [committed(known[name], path) for path in ("params.yaml", PER_QUERY, METRICS)]
        if None in texts:
            raise LexfitError(name, f"has no {PER_QUERY} or {METRICS}", "Run it to its end, `dvc exp run -n NAME …`")
        params, rows, metrics = (str(text) for text in texts)
        found_metrics = object_of(metrics, f"{name}: {METRICS}")
        if "claim" not in found_metrics:
            raise LexfitError(name, "claims no score: its model trained on every query", "Leave it out")
        per_query = scores_by_query(rows, f"{name}: {PER_QUERY}", "finetuned")
        own = params_of(params, f"{name}: params.yaml")
        found.append(Finished(name, known[name], own, per_query, flatten(found_metrics)))
    return found


def compared(experiments: Sequence[Finished], params: EvaluationParams, seed: int) -> list[dict[str, Any]]:
    """A row for each recipe: means over its seeds, with intervals over queries; gains are paired with the first recipe.

    Args:
        experiments: All claim a score over the same queries; every recipe ran under the same seeds.
        params: Resamples and confidence.
        seed: Of the resampling.

    Raises:
        LexfitError: Queries or seeds differ.
    """
    groups: dict[str, dict[int, Finished]] = {}
    for one in experiments:
        groups.setdefault(recipe_of(one.params), {})[one.params["seed"]] = one
    first = next(iter(groups.values()))
    queries = sorted(next(iter(first.values())).per_query)
    for group in groups.values():
        name = next(iter(group.values())).name
        if sorted(group) != sorted(first):
            problem = f"ran under seeds {sorted(group)}, the first recipe under {sorted(first)}"
            raise LexfitError(name, problem, "Run the missing ones, or name experiments of the same seeds")
        if any(sorted(one.per_query) != queries for one in group.values()):
            raise LexfitError(name, "claims its score over other queries", "Name experiments of one task and protocol")
    rows: list[dict[str, Any]] = []
    reference = {q: mean(one.per_query[q] for one in first.values()) for q in queries}
    for differing, group in zip(varied(list(groups)), groups.values(), strict=True):
        own = {q: mean(one.per_query[q] for one in group.values()) for q in queries}
        score = mean_interval([own[q] for q in queries], params, seed)
        differences = [own[q] - reference[q] for q in queries]
        gain = mean_interval(differences, params, seed)
        shared = set.intersection(*(set(one.metrics) for one in group.values()))
        numbers = [k for k in sorted(shared) if isinstance(next(iter(group.values())).metrics[k], int | float)]
        rows.append(
            {
                "recipe": differing,
                "experiments": {one.name: one.commit[:7] for one in group.values()},
                "seeds": sorted(group),
                "queries": len(queries),
                "protocol": next(iter(group.values())).params["protocol"]["name"],
                "data": next(iter(group.values())).params["data"]["source"],
                "score": {"mean": round(score.mean, 5), "low": round(score.low, 5), "high": round(score.high, 5)},
                "by_seed": {str(s): round(mean(group[s].per_query.values()), 5) for s in sorted(group)},
                "gain": {"mean": round(gain.mean, 5), "low": round(gain.low, 5), "high": round(gain.high, 5)},
                "better": sum(d > 0 for d in differences),
                "equal": sum(d == 0 for d in differences),
                "worse": sum(d < 0 for d in differences),
                "p_value": round(permutation_p(differences, params, seed), 5),
                "metrics": {key: round(mean(one.metrics[key] for one in group.values()), 5) for key in numbers},
            }
        )
    for row, value in zip(rows[1:], holm([row["p_value"] for row in rows[1:]]), strict=True):
        row["p_holm"] = round(value, 5)
    return rows


def _span(found: dict[str, float], sign: str = "") -> str:
    return f"{found['mean']:{sign}.3f} ({found['low']:{sign}.3f} to {found['high']:{sign}.3f})"


def _label(recipe: dict[str, Any], first: dict[str, Any]) -> str:
    """What sets a recipe apart from the first one; a source that only one of them has is named, not spelt out."""
    changed = {key: value for key, value in recipe.items() if value != first[key]}
    parts: dict[str, None] = {}
    for key, value in changed.items():
        prefix = ".".join(key.split(".")[:3]) + "."
        own = [k for k in recipe if k.startswith(prefix)]
        if key.startswith("data.train.") and all(first[k] is None for k in own):
            parts[f"and source {key.split('.')[2]}"] = None
        elif key.startswith("data.train.") and all(recipe[k] is None for k in own):
            parts[f"without source {key.split('.')[2]}"] = None
        else:
            parts[f"{key}={json.dumps(value)}"] = None
    return ", ".join(parts) or "the recipe itself"


def labels_of(rows: list[dict[str, Any]]) -> list[str]:
    """What sets each row's recipe apart from the first's."""
    return [_label(row["recipe"], rows[0]["recipe"]) for row in rows]


def page(name: str, rows: list[dict[str, Any]], columns: dict[str, str]) -> str:
    """The table as Markdown.

    Args:
        name: The comparison's.
        rows: Of `compared`.
        columns: Headings of further columns by metric.
    """
    first = rows[0]["recipe"]
    lines = []
    for index, row in enumerate(rows):
        further = [f"{row['metrics'][key]:.3f}" if key in row["metrics"] else "" for key in columns]
        gain = "" if index == 0 else _span(row["gain"], "+")
        counts = "" if index == 0 else f"{row['better']} / {row['equal']} / {row['worse']}"
        p_value = "" if index == 0 else f"{row['p_holm']:.4f}"
        by_seed = ", ".join(f"{value:.3f}" for value in row["by_seed"].values())
        lines.append([_label(row["recipe"], first), _span(row["score"]), by_seed, gain, counts, p_value, *further])
    seeds = ", ".join(map(str, rows[0]["seeds"]))
    header = [
        "recipe",
        "nDCG@10 (95 % interval)",
        f"seeds {seeds}",
        "against the first, paired",
        "better / equal / worse",
        "p, Holm",
        *columns.values(),
    ]
    listed = [f"- {e} ({commit})" for row in rows for e, commit in row["experiments"].items()]
    return "\n".join(
        [
            f"# {name}",
            "",
            f"{', '.join(sorted({row['data'] for row in rows}))}, protocol "
            f"{', '.join(sorted({row['protocol'] for row in rows}))}, each model's own claim.",
            "",
            "Written by `lexfit table` from the DVC experiments below; numbers are means over seeds, intervals over "
            f"{rows[0]['queries']} queries; p of paired randomisation tests, adjusted for {len(rows) - 1} of them.",
            "",
            table(header, lines),
            "",
            *listed,
            "",
        ]
    )


def write_comparison(name: str, rows: list[dict[str, Any]], columns: dict[str, str]) -> Path:
    """Write reports/comparisons/NAME.json and NAME.md; returns the latter."""
    write_json(FOLDER / f"{name}.json", rows)
    write_text(FOLDER / f"{name}.md", page(name, rows, columns))
    return FOLDER / f"{name}.md"
