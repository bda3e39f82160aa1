"""The page of `lexfit compare`: scores, paired differences, published scores beside them, and what moved most."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.config import load_params
from lexfit.io import write_json, write_text
from lexfit.reporting.head_to_head import check_comparable, differences, moves
from lexfit.reporting.markdown import fill, table
from lexfit.reporting.systems import find_system
from lexfit.rows import number, read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

TEMPLATE = Path(__file__).with_name("compare.md.j2")
PUBLISHED = Path("data/sources/aila/published.csv")
QUERIES, WIDTH = 50, 600  # of AILAStatutes; characters of a query that are shown


def published_scores(source: str, queries: int) -> list[dict[str, str]]:
    """Published nDCG@10 of other models, best first; none unless the runs are scored over AILAStatutes' 50 queries."""
    if source not in {"aila", "aila_fire"} or queries != QUERIES:
        return []
    rows = read_rows(PUBLISHED, ["model", "parameters", "ndcg_at_10", "label", "basis"])
    return sorted(rows, key=lambda row: -number(row["ndcg_at_10"], f"{PUBLISHED}: {row['model']}"))


def span(found: dict[str, float], sign: str = "") -> str:
    """A mean with its interval in words."""
    return f"{found['mean']:{sign}.4f} ({found['low']:{sign}.4f} to {found['high']:{sign}.4f})"


def move_table(move: dict[str, Any], first: str, second: str) -> str:
    """The first documents of both rankings side by side, relevant ones marked."""

    def cell(entry: dict[str, Any]) -> str:
        return f"{'**relevant** ' if entry['relevant'] else ''}{entry['id']} {entry['title']}".strip()

    lines = [[cell(a), cell(b)] for a, b in zip(move["top"][first], move["top"][second], strict=True)]
    return table([first, second], lines)


def compare_runs(names: Sequence[str], count: int, output: Path | None) -> str:
    """Compare runs with the first of them.

    Args:
        names: Of `find_system`, two or more.
        count: Queries shown that gained most, and as many that lost most, for each pair.
        output: A Markdown file to write, with the numbers as JSON beside it; None writes nothing.

    Returns:
        The page.

    Raises:
        LexfitError: A run can't be found or has no scores, or they are scored over other queries.
    """
    params = load_params()
    systems = [find_system(name) for name in dict.fromkeys(names)]
    check_comparable(systems)
    rows = differences(systems, params.evaluation, params.seed)
    pairs: list[dict[str, Any]] = []
    for system in systems[1:] if count else []:
        found = moves(systems[0], system, count)
        pairs.append({"first": systems[0].name, "second": system.name, "moves": found})
    published = published_scores(systems[0].params["data"]["source"], rows[0]["queries"])
    scores = [
        [r["system"], r["method"], r["protocol"], str(r["seed"]), (r["commit"] or "")[:7], span(r["ndcg_at_10"])]
        for r in rows
    ]
    paired = [
        [r["system"], span(r["difference"], "+"), f"{r['wins']} / {r['ties']} / {r['losses']}", f"{r['p_holm']:.4f}"]
        for r in rows[1:]
    ]
    shown = [
        {
            **p,
            "moves": [
                {
                    **m,
                    "text": textwrap.shorten(m["text"], WIDTH, placeholder=" …"),
                    "table": move_table(m, p["first"], p["second"]),
                }
                for m in p["moves"]
            ],
        }
        for p in pairs
    ]
    page = fill(
        TEMPLATE,
        rows=rows,
        task=systems[0].params["data"]["source"],
        scores=table(["run", "method", "protocol", "seed", "commit", "nDCG@10"], scores),
        paired=table([f"against {systems[0].name}", "paired difference", "win / tie / loss", "p"], paired),
        published=table(
            ["published", "parameters", "nDCG@10", "had it seen the data?"],
            [[r["model"], r["parameters"], r["ndcg_at_10"], f"{r['label']}: {r['basis']}"] for r in published],
        )
        if published
        else "",
        pairs=shown,
    )
    if output is not None:
        write_text(output, page)
        write_json(output.with_suffix(".json"), {"systems": rows, "moves": pairs, "published": published})
    return page
