"""The plots as PNG or SVG, by the path's ending: training curve, gain by query, score by method with intervals."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

from lexfit.io import write_text
from lexfit.rows import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

Table = list[dict[str, str]]
BLUE, ORANGE, GREY = "#2b6cb0", "#dd6b20", "#a0aec0"
COLOURS = {"bm25": GREY, "untrained": ORANGE, "finetuned": BLUE}
LABELS = {"bm25": "BM25", "untrained": "untrained", "finetuned": "fine-tuned"}


def read_table(path: Path) -> Table:
    """Rows of a TSV by column name."""
    return read_rows(path, [], "\t", quoted=False)


def _finish(figure: Figure, path: Path) -> None:
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG or SVG and close it; an SVG's black follows the page's text."""
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the software's version, the date and random ids the same data give the same bytes.
    if path.suffix == ".svg":
        drawing = io.StringIO()
        with mpl.rc_context({"svg.hashsalt": "lexfit", "svg.fonttype": "none"}):
            figure.savefig(drawing, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        write_text(path, follow_page(drawing.getvalue()))
    else:
        figure.savefig(path, dpi=120, metadata={"Software": None, "Creation Time": None})
    plt.close(figure)


def follow_page(drawing: str) -> str:
    """An SVG whose black lines and texts take the colour of the page's text, so that it is read on a dark page."""
    coloured = re.sub(r"(stroke|fill): ?#000000", r"\1: currentColor", drawing)
    coloured = coloured.replace("<text ", '<text fill="currentColor" ')
    return re.sub(r"[ \t]+$", "", coloured, flags=re.MULTILINE)


def draw_training(rows: Table, path: Path, title: str = "Training of the final model") -> None:
    """Loss by step, with a running mean over about a tenth of the steps."""
    steps, losses = [int(r["step"]) for r in rows], [float(r["loss"]) for r in rows]
    window = max(1, len(steps) // 10)
    smooth = [
        sum(losses[max(0, i - window + 1) : i + 1]) / len(losses[max(0, i - window + 1) : i + 1])
        for i in range(len(losses))
    ]
    figure, axis = plt.subplots(figsize=(7, 3.6))
    axis.plot(steps, losses, color=GREY, linewidth=1, label="each step")
    axis.plot(steps, smooth, color=BLUE, linewidth=2, label=f"mean of the last {window}")
    axis.set(xlabel="step", ylabel="contrastive loss", title=title, ylim=(0, None))
    axis.legend(frameon=False)
    _finish(figure, path)


def draw_gain(rows: Table, path: Path) -> None:
    """Gain in nDCG@10 of the fine-tuned over the untrained model, query by query."""
    gains = [float(r["gain"]) for r in rows]
    figure, axis = plt.subplots(figsize=(7, 3.6))
    axis.bar(range(len(gains)), gains, color=[BLUE if g > 0 else ORANGE for g in gains], width=0.9)
    axis.axhline(0, color="black", linewidth=0.8)
    better, worse = sum(g > 0 for g in gains), sum(g < 0 for g in gains)
    axis.set(
        xlabel=f"{len(gains)} queries, by gain: {better} better, {len(gains) - better - worse} equal, {worse} worse",
        ylabel="change in nDCG@10",
        title="Fine-tuned minus untrained, by query",
    )
    axis.set_xticks([])
    _finish(figure, path)


def draw_intervals(rows: list[tuple[str, float, float, float]], label: str, path: Path) -> None:
    """Means with intervals, one below the other; each row is a name, a mean and the interval's ends."""
    room = max(len(name) for name, *_ in rows) * 0.085  # inches for the names
    figure, axis = plt.subplots(figsize=(4.5 + room, 0.8 + 0.42 * len(rows)))
    for position, (_, value, low, high) in zip(range(len(rows))[::-1], rows, strict=True):
        axis.errorbar(value, position, xerr=[[value - low], [high - value]], fmt="o", color=BLUE, capsize=4)
        axis.text(high + 0.005, position, f"{value:.3f}", va="center")
    axis.set_yticks(list(range(len(rows)))[::-1], [name for name, *_ in rows])
    axis.set(xlabel=f"{label} with 95 % bootstrap interval", ylim=(-0.6, len(rows) - 0.4))
    axis.set_xlim(min(low for *_, low, _ in rows) - 0.02, max(high for *_, high in rows) + 0.05)
    _finish(figure, path)


def draw_methods(rows: Table, path: Path) -> None:
    """nDCG@10 of each method with its bootstrap interval."""
    figure, axis = plt.subplots(figsize=(7, 2.6))
    names = [r["method"] for r in rows]
    values = [float(r["ndcg_at_10"]) for r in rows]
    errors = [
        [value - float(r["low"]) for value, r in zip(values, rows, strict=True)],
        [float(r["high"]) - value for value, r in zip(values, rows, strict=True)],
    ]
    positions = list(range(len(rows)))[::-1]
    axis.barh(positions, values, xerr=errors, color=[COLOURS[n] for n in names], height=0.6, capsize=4)
    for position, value, row in zip(positions, values, rows, strict=True):
        axis.text(float(row["high"]) + 0.01, position, f"{value:.3f}", va="center")
    axis.set_yticks(positions, [LABELS[n] for n in names])
    axis.set(
        xlabel="nDCG@10 with 95 % bootstrap interval",
        xlim=(0, min(1.0, max(float(r["high"]) for r in rows) + 0.1)),
    )
    _finish(figure, path)
