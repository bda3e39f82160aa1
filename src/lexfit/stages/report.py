"""Stage report: the technical report, from the run's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.io import write_text
from lexfit.report.facts import report_facts
from lexfit.report.ledger import Ledger
from lexfit.report.page import render_html, render_markdown
from lexfit.stages.common import REPORTS, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params


def main(params: Params) -> None:
    """Write reports/report.md and reports/report.html."""
    ledger = Ledger()
    markdown = render_markdown(report_facts(params, ledger), ledger)
    page = render_html(markdown, REPORTS, f"{params.card.name}: technical report")
    write_text(REPORTS / "report.md", markdown)
    write_text(REPORTS / "report.html", page)


if __name__ == "__main__":
    run_stage("report", main)
