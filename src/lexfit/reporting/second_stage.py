"""The second stage's table over seeds, from DVC experiments or from what an earlier table kept of them.

Seeds that ran on different machines meet in one table this way: what it was made from lies beside it, one folder each.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.evaluation.claim import MAIN
from lexfit.io import read_json, read_text, write_json, write_text
from lexfit.reporting.markdown import table
from lexfit.rows import number, placed_rows
from lexfit.second_stage.scores import score_rows
from lexfit.selection.experiments import committed, list_experiments
from lexfit.selection.recipes import recipe_of
from lexfit.selection.texts import object_of, params_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lexfit.config import EvaluationParams

FOLDER = Path("reports/comparisons")
SCORES, PER_QUERY = "reports/second_stage.json", "reports/second_stage.tsv"
FILES = ("params.yaml", SCORES, PER_QUERY)
COMMIT = "commit"
COST = Path("reports/second_stage_cost.json")


@dataclass(frozen=True)
class Scored:
    """One experiment's table: nDCG@10 by row and query, and the other measures by row; its files as `texts`."""

    name: str
    commit: str
    texts: dict[str, str]
    params: dict[str, Any]
    found: dict[str, Any]
    per_query: dict[str, dict[str, float]]


def read_files(name: str, known: Mapping[str, str]) -> tuple[str, str, dict[str, str]]:
    """Name, commit and files of an experiment, or of a folder that `write_second_stage` kept of one.

    Args:
        name: Of an experiment, or the folder's path.
        known: Commits of the experiments here by name.

    Raises:
        LexfitError: Neither is there, or it has no second stage's table.
    """
    folder = Path(name)
    if name in known:
        found = {Path(path).name: committed(known[name], path) for path in FILES}
        told, commit = name, known[name]
    elif folder.is_dir():
        names = [COMMIT, *(Path(path).name for path in FILES)]
        found = {one: read_text(folder / one) if (folder / one).exists() else None for one in names}
        told, commit = folder.name, (found.pop(COMMIT) or "").strip()
    else:
        raise LexfitError(name, "is no DVC experiment here, and no folder", "`dvc exp list -A` shows them")
    if None in found.values() or not commit:
        raise LexfitError(name, f"has no {SCORES}", "Run it with `-S second_stage=reranker`")
    return told, commit, {one: str(text) for one, text in found.items()}


def read_scored(names: Sequence[str]) -> list[Scored]:
    """Experiments with a second stage's table, of one recipe under different seeds.

    Args:
        names: As `read_files` takes them.

    Raises:
        LexfitError: One isn't there or has no table, or they differ in more than their seed.
    """
    known, out = list_experiments(), list[Scored]()
    for given in names:
        name, commit, texts = read_files(given, known)
        params, found, lines = (texts[Path(path).name] for path in FILES)
        per_query: dict[str, dict[str, float]] = {}
        for place, line in placed_rows(lines, f"{name}: {PER_QUERY}", ["row", "query_id", MAIN], "\t"):
            per_query.setdefault(line["row"], {})[line["query_id"]] = number(line[MAIN], place)
        own = params_of(params, f"{name}: params.yaml")
        out.append(Scored(name, commit, texts, own, object_of(found, f"{name}: {SCORES}"), per_query))
    for one in out[1:]:
        if recipe_of(one.params) != recipe_of(out[0].params):
            raise LexfitError(one.name, f"is of another recipe than {out[0].name}", "Name seeds of one recipe")
    if len({one.params["seed"] for one in out}) < len(out):
        raise LexfitError(", ".join(names), "name a seed twice", "Name one experiment of each seed")
    return out


def over_seeds(experiments: Sequence[Scored], params: EvaluationParams, seed: int) -> dict[str, Any]:
    """Each row's mean over seeds, with intervals over queries, and its difference to the first stage, paired.

    Args:
        experiments: Of `read_scored`.
        params: Resamples and confidence.
        seed: Of the resampling.
    """
    first = experiments[0]
    measures = {
        name: {
            q: {MAIN: mean(one.per_query[name][q] for one in experiments)}
            | {m: mean(one.found["rows"][name][m] for one in experiments) for m in row if isinstance(row[m], float)}
            for q in first.per_query[name]
        }
        for name in first.per_query  # in the table's order, the first stage first; JSON keys are sorted
        for row in [first.found["rows"][name]]
    }
    found = score_rows(measures, params, seed)
    for name, row in found["rows"].items():
        row["by_seed"] = {
            str(one.params["seed"]): one.found["rows"][name][MAIN]["mean"]
            for one in sorted(experiments, key=lambda e: int(e.params["seed"]))
        }
    return {
        "data": first.params["data"]["source"],
        "protocol": first.found["protocol"],
        "label": first.found["label"],
        "depth": first.found["depth"],
        "experiments": {one.name: one.commit[:7] for one in experiments},
        **found,
    }


def _span(found: dict[str, float], sign: str = "") -> str:
    return f"{found['mean']:{sign}.3f} ({found['low']:{sign}.3f} to {found['high']:{sign}.3f})"


def page(name: str, found: dict[str, Any], cost: dict[str, Any] | None) -> str:
    """The table as Markdown.

    Args:
        name: The comparison's.
        found: Of `over_seeds`.
        cost: Milliseconds a query by row, and the machine they were taken on; None where they weren't.
    """
    seeds = list(next(iter(found["rows"].values()))["by_seed"])
    header = ["row", "nDCG@10 (95 % interval)", f"seeds {', '.join(seeds)}", "MAP", "against the first stage, paired"]
    header += ["better / equal / worse", "p, Holm", *(["ms a query"] if cost else [])]
    lines = []
    for label, row in found["rows"].items():
        difference = row.get("difference")
        cells = [label, _span(row[MAIN]), ", ".join(f"{v:.3f}" for v in row["by_seed"].values()), f"{row['map']:.3f}"]
        if difference is None:
            cells += ["", "", ""]
        else:
            counts = f"{difference['better']} / {difference['equal']} / {difference['worse']}"
            cells += [_span(difference, "+"), counts, f"{difference['p_holm']:.4f}"]
        lines.append([*cells, *([f"{cost['rows'][label]:.0f}"] if cost else [])])
    return "\n".join(
        [
            f"# {name}",
            "",
            f"{found['data']}, protocol {found['protocol']}, {found['queries']} queries; {found['label']}. "
            f"The first stage's first {found['depth']} documents are ordered anew.",
            "",
            "Written by `lexfit second-stage` from the DVC experiments below; numbers are means over seeds, intervals "
            "over queries; p of paired randomisation tests against the first row, adjusted for all rows.",
            *(["", f"Milliseconds are medians on {cost['machine']}, one query at a time."] if cost else []),
            "",
            table(header, lines),
            "",
            *(f"- {one} ({commit})" for one, commit in found["experiments"].items()),
            "",
        ]
    )


def write_second_stage(name: str, names: Sequence[str], params: EvaluationParams, seed: int) -> Path:
    """Write reports/comparisons/NAME.json, NAME.md and, to NAME/EXPERIMENT, the experiments' files; returns the second.

    Raises:
        LexfitError: As for `read_scored`, or the recorded cost is of other rows.
    """
    experiments = read_scored(names)
    found = over_seeds(experiments, params, seed)
    cost = read_json(COST) if COST.exists() else None
    if cost is not None and not set(found["rows"]) <= set(cost["rows"]):
        raise LexfitError(str(COST), "is of other rows", "Run `lexfit second-stage-cost` on one of these experiments")
    for one in experiments:
        for file, text in {**one.texts, COMMIT: f"{one.commit}\n"}.items():
            write_text(FOLDER / name / one.name / file, text)
    write_json(FOLDER / f"{name}.json", {**found, "cost": cost})
    write_text(FOLDER / f"{name}.md", page(name, found, cost))
    return FOLDER / f"{name}.md"
