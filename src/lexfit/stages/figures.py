"""Stage figures: draw the plots' data to PNG, and to SVG for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.reporting.figures import draw_gain, draw_methods, draw_training, read_table
from lexfit.stages.common import REPORTS, replacing, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params


def main(params: Params) -> None:
    """Write reports/figures/{training,per_query_gain,methods}.{png,svg}, and pretraining where there was one."""
    del params
    plots = REPORTS / "plots"
    first = read_table(plots / "pretraining.tsv")
    with replacing(REPORTS / "figures") as figures:
        for kind in ("png", "svg"):
            draw_training(read_table(plots / "training.tsv"), figures / f"training.{kind}")
            draw_gain(read_table(plots / "per_query_gain.tsv"), figures / f"per_query_gain.{kind}")
            draw_methods(read_table(plots / "methods.tsv"), figures / f"methods.{kind}")
            if first:
                draw_training(first, figures / f"pretraining.{kind}", "Training on the further sources")


if __name__ == "__main__":
    run_stage("figures", main)
