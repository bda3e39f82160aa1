"""What the report's templates print: the run's files through the ledger, and the computed tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.io import read_json
from lexfit.publishing.finished_run import commit_in
from lexfit.publishing.licences import conflicts, licence_table, materials_of
from lexfit.report.analysis import NAMES, Analysis
from lexfit.reporting.compare_page import PUBLISHED, published_scores
from lexfit.reporting.comparison import FOLDER as COMPARISONS
from lexfit.reporting.comparison import labels_of
from lexfit.reporting.cost import COST, WEIGHTS, weights_hash
from lexfit.reporting.markdown import escape
from lexfit.stages.common import ADAPTED, CLEAN, EVAL, MODEL, NEGATIVES, PRETRAINED, RAW, REPORTS, RESULTS

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.report.ledger import Ledger, Quoted, Source, Traced

PARAMS, LOG, CARD = Path("params.yaml"), REPORTS / "LOG.md", REPORTS / "model_card.md"
STEPS = ("encoding", "html", "control", "unicode", "headers", "whitespace")
ENVIRONMENT = {"aila_fire": "LEXFIT_AILA_FIRE", "citations": "LEXFIT_AILA_FIRE", "central_acts": "LEXFIT_CENTRAL_ACTS"}


def report_facts(params: Params, ledger: Ledger) -> dict[str, Any]:
    """Everything that the templates need.

    Args:
        params: Of the run.
        ledger: Reads the files and makes what is printed of them.

    Raises:
        LexfitError: A stage hasn't run.
    """
    recipe, scores = ledger.params(PARAMS), ledger.json(RESULTS / "scores.json")
    claim = scores["claim"] if scores.data["claim"] is not None else None
    source = ledger.json(RAW / "task" / "source.json")
    further = {name: ledger.json(RAW / "further" / name / "source.json") for name in sorted(params.data.train)}
    used = [params.data.source, *(s.source for s in params.data.train.values())]
    cost = recorded_cost(ledger)
    comparisons = committed_comparisons(ledger)
    return {
        "names": NAMES,
        "params": recipe,
        "scores": scores,
        "claim": claim,
        "sources": [("the task", source), *((ledger.quoted(name, PARAMS), s) for name, s in further.items())],
        "licences": licences(params, ledger),
        "conflicts": [ledger.quoted(s, PARAMS) for s in conflicts(params.card.license, materials_of(params))],
        "clean": ledger.json(CLEAN / "summary.json"),
        "steps": STEPS,
        "pairs": ledger.json(EVAL / "summary.json"),
        "negatives": ledger.json(NEGATIVES / "summary.json"),
        "adapted": ledger.json(ADAPTED / "summary.json"),
        "pretrained": ledger.json(PRETRAINED / "summary.json"),
        "model": ledger.json(MODEL / "summary.json"),
        "audit": ledger.json(REPORTS / "audit.json"),
        "analysis": Analysis(params, ledger) if claim is not None else None,
        "group_name": "Part of the Constitution" if params.data.source == "constitution" else "Act",
        "published": published(params, ledger, claim),
        "comparisons": comparisons,
        "cost": cost,
        "total": total_cost(cost, ledger),
        "commit": commit(ledger),
        "params_hash": ledger.hash_of(PARAMS),
        "weights_hash": ledger.hash_of(WEIGHTS),
        "environment": sorted({ENVIRONMENT[name] for name in used if name in ENVIRONMENT}),
        "negative": negative_results(ledger),
    }


def licences(params: Params, ledger: Ledger) -> list[list[Quoted]]:
    """Rows: what it is, its licence, the three permissions, conditions, the licence's text."""
    return [[ledger.quoted(escape(cell), PARAMS) for cell in row[:6]] for row in licence_table(params)]


def committed_comparisons(ledger: Ledger) -> dict[Quoted, list[tuple[Traced, Source]]]:
    """Tables of experiments that are committed: for each its rows, with what sets the recipe apart."""
    found = {}
    for path in sorted(COMPARISONS.glob("*.json")):
        if not isinstance(read_json(path), list):
            continue  # of `lexfit compare`: two runs, not a table of recipes
        table = ledger.json(path)
        labels = labels_of(table.data)
        rule = "recipe: what differs from the first row's"
        rows = [
            (ledger.derived(escape(text), rule, path), table[key])
            for text, key in zip(labels, table.keys(), strict=True)
        ]
        found[ledger.quoted(path.stem, path)] = rows
    return found


def recorded_cost(ledger: Ledger) -> Source | None:
    """reports/cost.json, if it tells of the weights of this run."""
    if not COST.exists():
        return None
    cost = ledger.json(COST)
    return cost if cost.data["weights_sha256"] == weights_hash() else None


def total_cost(cost: Source | None, ledger: Ledger) -> dict[str, Traced]:
    """Minutes, the highest memory and, where it was read, the energy of all recorded stages."""
    if cost is None:
        return {}
    stages = cost.data["stages"].values()
    total = {
        "minutes": ledger.derived(
            f"{sum(s['seconds'] for s in stages) / 60:.1f}", "sum of stages.*.seconds / 60", COST
        ),
        "memory": ledger.derived(str(max(s["peak_mib"] for s in stages)), "maximum of stages.*.peak_mib", COST),
    }
    if cost.data["energy_from"]:
        joules = sum(s["joules"] or 0 for s in stages)
        total["energy"] = ledger.derived(f"{joules / 3.6e6:.4f}", "sum of stages.*.joules / 3.6e6", COST)
    return total


def commit(ledger: Ledger) -> dict[str, Quoted | None]:
    """The commit that made the run, as its card has it, and what wasn't committed then."""
    found, _, changed = commit_in(ledger.text(CARD)).partition(", with uncommitted changes to ")
    hashed = re.fullmatch(r"[0-9a-f]{40,64}", found)
    return {
        "id": ledger.quoted(found, CARD) if hashed else None,
        "changed": ledger.quoted(", ".join(f"`{path}`" for path in changed.split(", ")), CARD) if changed else None,
    }


def published(params: Params, ledger: Ledger, claim: Source | None) -> list[list[Traced | Quoted | str]]:
    """Rows: model, parameters, published nDCG@10, label and why, source and date; this run in its place among them."""
    if claim is None or not (rows := published_scores(params.data.source, claim.data["queries"])):
        return []
    ledger.text(PUBLISHED)
    lines: list[list[Traced | Quoted | str]] = []
    for row in rows:
        score = ledger.derived(row["ndcg_at_10"], f"ndcg_at_10 of {row['model']}", PUBLISHED)
        words = [escape(row["model"]), row["parameters"], f"**{row['label']}**: {escape(row['basis'])}"]
        words.append(f"{escape(row['source'])}, {row['looked_up']}")
        model, parameters, label, where = (ledger.quoted(text, PUBLISHED) for text in words)
        lines.append([model, parameters, score, label, where])
    own = claim("methods.finetuned.ndcg_at_10", ".5f")
    place = sum(float(row["ndcg_at_10"]) > claim.data["methods"]["finetuned"]["ndcg_at_10"] for row in rows)
    lines.insert(place, ["**this run**", "", own, claim("label"), ""])
    return lines


def negative_results(ledger: Ledger) -> list[tuple[Quoted, Quoted]]:
    """Date and text of the log's points that start with `Negative:`, lines that they go on in included."""
    return [(ledger.quoted(date, LOG), ledger.quoted(text, LOG)) for date, text in marked_points(ledger.text(LOG))]


def marked_points(log: str) -> list[tuple[str, str]]:
    """Date and text of the points of a log that start with `Negative:`."""
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
