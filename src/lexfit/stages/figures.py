"""Stage figures: draw the plots' data to PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.reporting.figures import draw_gain, draw_methods, draw_training, read_table
from lexfit.stages.common import REPORTS, replacing, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params


def main(params: Params) -> None:
    """Write reports/figures/{training,per_query_gain,methods}.png."""
    del params
    plots = REPORTS / "plots"
    with replacing(REPORTS / "figures") as figures:
        draw_training(read_table(plots / "training.tsv"), figures / "training.png")
        draw_gain(read_table(plots / "per_query_gain.tsv"), figures / "per_query_gain.png")
        draw_methods(read_table(plots / "methods.tsv"), figures / "methods.png")


if __name__ == "__main__":
    run_stage("figures", main)
