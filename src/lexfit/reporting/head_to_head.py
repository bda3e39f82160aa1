"""Systems against the first of them, by query: paired differences, tests, and the queries that moved most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError, explained_contents
from lexfit.evaluation.runs import order, run_of
from lexfit.evaluation.significance import holm, mean_interval, permutation_p
from lexfit.jsonl import parse_shards
from lexfit.stages.common import RAW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexfit.config import EvaluationParams
    from lexfit.evaluation.runs import Run
    from lexfit.reporting.systems import System

SHOWN = 5
TASK = RAW / "task"


@dataclass(frozen=True)
class Task:
    """What a run was scored on: texts by query, titles by document, relevant documents by query."""

    queries: dict[str, str]
    titles: dict[str, str]
    relevant: dict[str, set[str]]


def check_comparable(systems: Sequence[System]) -> None:
    """Raise `LexfitError` unless there are two or more systems that are scored over the same queries of one task."""
    if len(systems) < 2:
        raise LexfitError("lexfit compare", f"got {len(systems)} system", "Name two or more")
    first = systems[0]
    for other in systems[1:]:
        if other.per_query.keys() != first.per_query.keys():
            shared = len(other.per_query.keys() & first.per_query.keys())
            problem = f"is scored over {len(other.per_query)} queries, {first.name} over {len(first.per_query)}"
            raise LexfitError(
                other.name, f"{problem}, {shared} of them the same", "Compare runs of one protocol and task"
            )


def differences(systems: Sequence[System], params: EvaluationParams, seed: int) -> list[dict[str, Any]]:
    """A row for each system: its mean and, from the second on, how it differs from the first by query.

    Args:
        systems: Checked by `check_comparable`.
        params: Resamples, permutations and confidence.
        seed: Of both.
    """
    queries = sorted(systems[0].per_query)
    rows: list[dict[str, Any]] = []
    for place, system in enumerate(systems):
        own = mean_interval([system.per_query[q] for q in queries], params, seed)
        row: dict[str, Any] = {
            "system": system.name,
            "method": system.method,
            "commit": system.commit,
            "protocol": system.params["protocol"]["name"],
            "seed": system.params["seed"],
            "queries": len(queries),
            "ndcg_at_10": {"mean": round(own.mean, 5), "low": round(own.low, 5), "high": round(own.high, 5)},
        }
        if place:
            by_query = [system.per_query[q] - systems[0].per_query[q] for q in queries]
            gain = mean_interval(by_query, params, seed)
            row |= {
                "difference": {"mean": round(gain.mean, 5), "low": round(gain.low, 5), "high": round(gain.high, 5)},
                "wins": sum(d > 0 for d in by_query),
                "ties": sum(d == 0 for d in by_query),
                "losses": sum(d < 0 for d in by_query),
                "p_value": round(permutation_p(by_query, params, seed), 5),
            }
        rows.append(row)
    for row, value in zip(rows[1:], holm([row["p_value"] for row in rows[1:]]), strict=True):
        row["p_holm"] = round(value, 5)
    return rows


def read_task(system: System) -> Task:
    """The task that a system's run was scored on."""
    from lexfit.corpus.records import Document, parse_qrels  # noqa: PLC0415
    from lexfit.corpus.sources.statutes import title_of  # noqa: PLC0415

    path = f"{system.name}: {TASK}"
    relevant: dict[str, set[str]] = {}
    with explained_contents(path, "Run it anew, or compare with --moves 0"):
        rows = [row for _, row in parse_shards(system.output, TASK / "corpus.jsonl", f"{system.name}: ")]
        for _, judgement in parse_qrels(system.output(TASK / "qrels.tsv"), f"{path}/qrels.tsv"):
            if judgement.score > 0:
                relevant.setdefault(judgement.query_id, set()).add(judgement.doc_id)
        queries = [row for _, row in parse_shards(system.output, TASK / "queries.jsonl", f"{system.name}: ")]
        titles = {row["id"]: title_of(Document(row["id"], row["title"], row["text"])) for row in rows}
        return Task({q["id"]: q["text"] for q in queries}, titles, relevant)


def read_rankings(system: System) -> Run:
    """A system's ranking of every query."""
    run: Run = {}
    for path in system.rankings:
        run |= run_of(system.output(path), f"{system.name}: {path}")
    return run


def moved(first: System, second: System, count: int) -> list[str]:
    """Queries whose score moved most, up to `count` that gained and as many that lost, the largest moves first."""
    change = {q: second.per_query[q] - first.per_query[q] for q in first.per_query}
    ordered = sorted(change, key=lambda q: (-abs(change[q]), q))
    gained, lost = ([q for q in ordered if change[q] * sign > 0][:count] for sign in (1, -1))
    return [*gained, *lost]


def moves(first: System, second: System, count: int) -> list[dict[str, Any]]:
    """The queries that moved most, each with its text, its scores and the first five documents of both rankings."""
    wanted = moved(first, second, count)
    if not wanted:
        return []
    task = read_task(second)
    runs = {system.name: read_rankings(system) for system in (first, second)}
    found = []
    for query in wanted:
        relevant = task.relevant.get(query, set())
        tops = {
            system.name: [
                {"id": d, "title": task.titles.get(d, ""), "relevant": d in relevant}
                for d in order(runs[system.name][query])[:SHOWN]
            ]
            for system in (first, second)
        }
        scores = {system.name: system.per_query[query] for system in (first, second)}
        found.append(
            {
                "query": query,
                "text": task.queries[query],
                "relevant": len(relevant),
                "scores": scores,
                "top": tops,
            }
        )
    return found
