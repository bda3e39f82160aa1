"""What the report's template prints: the run's files through the ledger, and the computed tables."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lexfit.publishing.finished_run import commit_in
from lexfit.publishing.licences import conflicts, licence_table, materials_of
from lexfit.report.analysis import NAMES, Analysis
from lexfit.report.ledger import Ledger, Source
from lexfit.reporting.compare_page import PUBLISHED, published_scores
from lexfit.reporting.comparison import FOLDER as COMPARISONS
from lexfit.reporting.comparison import labels_of
from lexfit.reporting.cost import COST, weights_hash
from lexfit.stages.common import CLEAN, EVAL, MODEL, NEGATIVES, RAW, REPORTS, RESULTS

if TYPE_CHECKING:
    from lexfit.config import Params

PARAMS, LOG, CARD = Path("params.yaml"), REPORTS / "LOG.md", REPORTS / "model_card.md"
STEPS = ("encoding", "html", "control", "unicode", "headers", "whitespace")
MEASURES = {
    "map": "MAP",
    "recip_rank": "reciprocal rank",
    "p_at_10": "P@10",
    "recall_at_10": "recall@10",
    "bpref": "bpref",
}
ENVIRONMENT = {"aila_fire": "LEXFIT_AILA_FIRE", "citations": "LEXFIT_AILA_FIRE", "central_acts": "LEXFIT_CENTRAL_ACTS"}


def report_facts(params: Params, ledger: Ledger) -> dict[str, Any]:
    """Everything that the template needs.

    Args:
        params: Of the run.
        ledger: Gets the files that are read and the numbers that are printed.

    Raises:
        LexfitError: A stage hasn't run.
    """
    scores = ledger.json(RESULTS / "scores.json")
    claim = scores["claim"] if scores.data["claim"] is not None else None
    sources = {"task": ledger.json(RAW / "task" / "source.json")}
    for name in sorted(params.data.train):
        sources[name] = ledger.json(RAW / "further" / name / "source.json")
    ledger.text(PARAMS)
    used = [params.data.source, *params.data.train]
    cost = recorded_cost(ledger)
    tables = [p for p in sorted(COMPARISONS.glob("*.json")) if isinstance(json.loads(p.read_text()), list)]
    comparisons = {path.stem: ledger.json(path) for path in tables}
    return {
        "names": NAMES,
        "measure_names": MEASURES,
        "params": Source(ledger, PARAMS.as_posix(), yaml.safe_load(PARAMS.read_text(encoding="utf-8"))),
        "scores": scores,
        "claim": claim,
        "sources": sources,
        "licences": licence_table(params),
        "conflicts": conflicts(params.card.license, materials_of(params)),
        "clean": ledger.json(CLEAN / "summary.json"),
        "steps": [*STEPS],
        "pairs": ledger.json(EVAL / "summary.json"),
        "negatives": ledger.json(NEGATIVES / "summary.json"),
        "model": ledger.json(MODEL / "summary.json"),
        "audit": ledger.json(REPORTS / "audit.json"),
        "analysis": Analysis(params, ledger) if claim is not None else None,
        "group_name": "Part of the Constitution" if params.data.source == "constitution" else "Act",
        "published": published(params, ledger, claim),
        "comparisons": comparisons,
        "labels": {name: labels_of(rows.data) for name, rows in comparisons.items()},
        "cost": cost,
        "total": total_seconds(cost, ledger),
        "commit": commit_in(ledger.text(CARD)).partition(",")[0],
        "environment": sorted({f"`{ENVIRONMENT[source]}`" for source in used if source in ENVIRONMENT}),
        "negative": negative_results(ledger.text(LOG)),
    }


def recorded_cost(ledger: Ledger) -> Source | None:
    """reports/cost.json, if it tells of the weights of this run."""
    if not COST.exists():
        return None
    cost = ledger.json(COST)
    return cost if cost.data["weights_sha256"] == weights_hash() else None


def total_seconds(cost: Source | None, ledger: Ledger) -> str:
    """Seconds of all recorded stages."""
    if cost is None:
        return ""
    seconds = sum(stage["seconds"] for stage in cost.data["stages"].values())
    return ledger.derived(f"{seconds:.1f}", COST, "sum of stages.*.seconds")


def published(params: Params, ledger: Ledger, claim: Source | None) -> list[list[str]]:
    """Rows of published scores of the task, and where this run stands among them; none for other tasks."""
    if claim is None or not (rows := published_scores(params.data.source, claim.data["queries"])):
        return []
    ledger.text(PUBLISHED)
    lines = []
    for row in rows:
        score = ledger.derived(row["ndcg_at_10"], PUBLISHED, f"ndcg_at_10 of {row['model']}")
        size = ledger.derived(row["parameters"], PUBLISHED, f"parameters of {row['model']}")
        lines.append([row["model"], size, score, f"{row['label']}: {row['basis']}"])
    own = claim("methods.finetuned.ndcg_at_10", ".5f")
    place = sum(float(row["ndcg_at_10"]) > claim.data["methods"]["finetuned"]["ndcg_at_10"] for row in rows)
    lines.insert(place, ["**this run**", "", f"**{own}**", str(claim.data["label"])])
    return lines


def negative_results(log: str) -> list[tuple[str, str]]:
    """Date and text of the log's points that start with `Negative:`, lines that they go on in included."""
    found: list[tuple[str, str]] = []
    date, within = "", False
    for line in log.splitlines():
        if heading := re.match(r"## (\d{4}-\d{2}-\d{2})", line):
            date = heading[1]
        point = re.match(r"- Negative: *(.+)", line)
        if point:
            found.append((date, point[1]))
        elif within and line.startswith("  "):
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
        within = bool(point) or (within and line.startswith("  "))
    return found
