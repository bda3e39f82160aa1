"""Parallel coordinates: a line for each member through its settings to its score."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

from lexfit.reporting.figures import BLUE, GREY, ORANGE, save_figure
from lexfit.sweeps.members import FINISHED, STOPPED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.axes import Axes

Scale = tuple["Callable[[Any], float]", dict[str, float]]  # place of a value in 0 to 1, labels with their places
PALE, DARK = 0.3, 0.95


def scale_of(axis: Any) -> Scale:
    """How an axis of the space is drawn: listed values at even places, ranges by number or its logarithm.

    Args:
        axis: As the sweep's JSON has it: a list of values, or low, high and log.
    """
    if isinstance(axis, list):
        texts = [json.dumps(value).strip('"') for value in axis]
        places = {text: (place + 0.5) / len(texts) for place, text in enumerate(texts)}
        return (lambda value: places[json.dumps(value).strip('"')]), places
    change = math.log if axis["log"] else float
    first, last = change(axis["low"]), change(axis["high"])
    return (lambda value: (change(value) - first) / (last - first)), {f"{axis['low']:g}": 0.0, f"{axis['high']:g}": 1.0}


def _score_scale(scores: list[float]) -> Scale:
    low, high = min(scores), max(scores)
    room = (high - low) or 1.0
    return (lambda value: (value - low) / room), {f"{low:.3f}": 0.0, f"{high:.3f}": 1.0}


def _draw_scale(axes: Axes, place: int, name: str, labels: dict[str, float]) -> None:
    axes.plot([place, place], [0, 1], color="black", linewidth=0.8)
    axes.text(place, 1.08, name, ha="center", va="bottom")
    for text, height in labels.items():
        axes.plot([place - 0.015, place + 0.015], [height, height], color="black", linewidth=0.8)
        axes.text(place - 0.03, height + 0.012, text, ha="right", va="bottom", fontsize="small")


def draw_sweep(found: dict[str, Any], path: Path) -> None:
    """Draw a sweep: the winner in orange, finished members the bluer the better, stopped ones dashed.

    Failed members have no score and no line, and the default has no settings: its score is a mark on the last axis.

    Args:
        found: As the sweep's JSON has it.
        path: Of a .svg or .png.
    """
    space = found["plan"]["space"]
    default, *members = found["members"]
    drawn = [m for m in members if m["state"] in {FINISHED, STOPPED}]
    scored = [*drawn, default] if default["state"] == FINISHED else drawn
    figure, axes = plt.subplots(figsize=(max(6.0, 2.2 + 1.9 * len(space)), 4.4))
    winner = found["winner"]["member"] if found["winner"] else ""
    scales = [scale_of(axis) for axis in space.values()]
    places = range(len(space) + 1)
    if scored:
        height, labels = _score_scale([m["score"] for m in scored])
        for member in sorted(drawn, key=lambda m: (m["name"] == winner, m["score"])):
            line = [scale(member["values"][key]) for (scale, _), key in zip(scales, space, strict=True)]
            style: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 1.0}
            if member["state"] == FINISHED:
                strength = PALE + (DARK - PALE) * height(member["score"])
                style = {"color": BLUE, "alpha": strength, "linewidth": 1.6}
            if member["name"] == winner:
                style = {"color": ORANGE, "linewidth": 2.8}
            axes.plot(places, [*line, height(member["score"])], **style)
        if default["state"] == FINISHED:
            axes.plot(len(space), height(default["score"]), marker="D", color="black", clip_on=False)
            axes.text(len(space) + 0.06, height(default["score"]), "default", va="center", fontsize="small")
        _draw_scale(axes, len(space), "nDCG@10", labels)
    for place, (name, (_, labels)) in enumerate(zip(space, scales, strict=True)):
        _draw_scale(axes, place, name, labels)
    axes.set(xlim=(-0.45, len(space) + 0.4), ylim=(-0.05, 1.2))
    axes.set_axis_off()
    axes.set_title(
        f"Sweep {found['plan']['name']}: the winner orange; dashed what was stopped early, by its score until then",
        pad=12,
    )
    save_figure(figure, path)
