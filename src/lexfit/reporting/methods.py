"""reports/METHODS.md: what the methods of training bring and cost, from the files of runs alone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.io import read_json, write_text
from lexfit.reporting.markdown import fill, table
from lexfit.reporting.selection import recipe_label

if TYPE_CHECKING:
    from collections.abc import Sequence

SELECTION = Path("reports/selection.json")
ABLATION, SPEED = Path("benchmarks/results/ablation.json"), Path("benchmarks/results/speed.json")
PAGE, FIGURES = Path("reports/METHODS.md"), Path("reports/methods")
TEMPLATE = Path(__file__).with_name("methods.md.j2")


def interval(found: dict[str, Any], mean: str = "mean") -> str:
    """A mean with its interval."""
    return f"{found[mean]:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def bounds(found: dict[str, Any]) -> tuple[float, float, float]:
    """Mean, low and high."""
    return found["mean"], found["low"], found["high"]


def paired_gain(tuned: dict[str, float], untrained: dict[str, float]) -> str:
    """The mean gain by query with its bootstrap interval."""
    from lexfit.config import load_params  # noqa: PLC0415
    from lexfit.evaluation.significance import mean_interval  # noqa: PLC0415

    params = load_params()
    found = mean_interval([value - untrained[q] for q, value in tuned.items()], params.evaluation, params.seed)
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def member_rows(found: dict[str, Any]) -> list[list[str]]:
    """One row a member of the sweep."""
    return [
        [
            f"**{recipe_label(m['recipe'])}**" if m["winner"] else recipe_label(m["recipe"]),
            f"{m['trained_parameters'] / 1e6:.1f} M",
            str(m["steps"]),
            f"{m['inner']:.3f}",
            interval(m["outer"]),
            f"{m['chosen_in_outer_folds']} of {found['folds'] * len(found['seeds'])}",
        ]
        for m in found["members"]
    ]


def ablation_rows(found: dict[str, Any]) -> list[list[str]]:
    """One row a method."""
    return [
        [
            row["method"],
            interval(row, "ndcg_at_10"),
            f"{row['gain']['mean']:+.3f} ({row['gain']['low']:+.3f} to {row['gain']['high']:+.3f})" if place else "",
            " ".join(f"{value:.3f}" for value in row["by_seed"].values()),
            f"{row['cpu_seconds_of_five_folds']:.0f}",
            str(row["steps_a_fold"]),
        ]
        for place, row in enumerate(found["rows"])
    ]


def same_score_rows(found: dict[str, Any]) -> list[list[str]]:
    """Stock recipe and lexfit, with the CPU time that each took to its score on the fold."""
    stock = found["stock"]
    rows = [["stock recipe", "float32", str(stock["steps"]), f"{stock['ndcg_at_10']:.3f}", _cost(stock), ""]]
    for profile, own in found["lexfit"].items():
        for place, one in enumerate(own["tried"], 1):
            last = place == len(own["tried"]) and own["times_less_cpu"]
            ratio = f"**{own['times_less_cpu']:.1f} times less CPU**" if last else ""
            rows.append(["lexfit, cold", profile, str(one["steps"]), f"{one['ndcg_at_10']:.3f}", _cost(one), ratio])
    return rows


def _cost(found: dict[str, Any]) -> str:
    return f"{found['cpu_seconds']:.0f} s CPU, {found['wall_seconds']:.0f} s, {found['peak_mib']} MiB"


def step_rows(found: dict[str, Any]) -> list[list[str]]:
    """Steps of the same loss, batch and layers by both trainers."""
    names = {
        "stock": "sentence-transformers' trainer",
        "lexfit_without_trunk_cache": "lexfit, trunk cache off",
        "lexfit": "lexfit",
    }
    rows = []
    for profile, measured in found.items():
        for key, label in names.items():
            own = measured[key]
            rows.append(
                [
                    profile,
                    label,
                    f"{own['cpu_seconds_per_step']:.2f}",
                    f"{own.get('steps_per_cpu_second_to_stock', 1.0):.2f}",
                    f"{own['peak_mib']}",
                    f"{own.get('peak_memory_to_stock', 1.0):.2f}",
                ]
            )
    return rows


def sources(paths: Sequence[Path]) -> list[list[str]]:
    """Each file that the page is made from, with the start of its SHA-256."""
    return [[f"`{path}`", f"`{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}`"] for path in paths]


def write_methods() -> Path:
    """Write the page and its plots.

    Raises:
        LexfitError: A file of results is missing; it is named.
    """
    from lexfit.reporting.figures import draw_intervals  # noqa: PLC0415

    selection, ablation, speed = read_json(SELECTION), read_json(ABLATION), read_json(SPEED)
    draw_intervals(
        [
            (
                recipe_label({key.split(".")[-1]: value for key, value in m["recipe"].items()}),
                m["outer"]["mean"],
                m["outer"]["low"],
                m["outer"]["high"],
            )
            for m in selection["members"]
        ]
        + [("nested choice", *(selection["nested"][k] for k in ("mean", "low", "high")))],
        "out-of-fold nDCG@10",
        FIGURES / "members.png",
    )
    draw_intervals(
        [(r["method"], r["ndcg_at_10"], r["low"], r["high"]) for r in ablation["rows"]],
        "out-of-fold nDCG@10",
        FIGURES / "ablation.png",
    )
    text = fill(
        TEMPLATE,
        selection=selection,
        ablation=ablation,
        speed=speed,
        nested=interval(selection["nested"]),
        gain=paired_gain(selection["nested"]["per_query"], ablation["rows"][0]["per_query"]),
        unnested=interval(selection["unnested"]),
        members=table(
            ["member", "trained", "steps", "inner", "out of fold", "chosen in outer folds"], member_rows(selection)
        ),
        methods=table(
            [
                "method",
                "out-of-fold nDCG@10",
                "paired gain over untrained",
                "by seed",
                "CPU seconds, five folds",
                "steps a fold",
            ],
            ablation_rows(ablation),
        ),
        same_score=table(
            ["training", "arithmetic", "steps", "nDCG@10 on the fold", "whole process", ""],
            same_score_rows(speed["to_the_same_score"]),
        ),
        steps=table(
            ["profile", "trainer", "CPU s a step", "speed, ratio", "peak MiB", "memory, ratio"],
            step_rows(speed["like_with_like"]),
        ),
        sources=table(["made from", "SHA-256"], sources([SELECTION, ABLATION, SPEED])),
    )
    write_text(PAGE, text)
    return PAGE
