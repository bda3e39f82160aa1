"""The audit's report as a page to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lexfit.corpus.verdict import how
from lexfit.reporting.markdown import fill, table

TEMPLATE = Path(__file__).with_name("audit.md.j2")


def pairs_table(pairs: list[dict[str, Any]]) -> str:
    """What was found: both sides, how alike they are, and the words that they share."""
    rows = []
    for pair in pairs:
        words = pair["shared"]
        if "cosine" in pair:
            words = f"{pair['training_text']} / {pair['evaluation_text']}"
        training = f"{pair['training_kind']} {pair['training']}"
        evaluation = f"{pair['evaluation_kind']} {pair['evaluation']}"
        rows.append([training, evaluation, how(pair), "**leak**" if pair["leak"] else "", words])
    return table(["training", "evaluation", "alike in", "", "words"], rows)


def dropped_table(dropped: list[dict[str, Any]]) -> str:
    """What stage pairs left out of training, and why."""
    rows = []
    for item in dropped:
        reason = f"{item['share']:.0%} of its n-grams"
        if item["kind"] == "group":
            reason = f"{item['share']:.0%} of the query's runs, evidence {item['evidence']:.2f}"
        rows.append([f"{item['kind']} {item['first']}", str(item["queries"]), item["second"], reason, item["shared"]])
    return table(["dropped", "training queries", "for query", "alike in", "words"], rows)


def audit_page(report: dict[str, Any]) -> str:
    """The page."""
    return fill(TEMPLATE, pairs_table=pairs_table, dropped_table=dropped_table, **report)
