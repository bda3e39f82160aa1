"""A sweep for readers: its members as a table, the winner with its evidence, what stopped and what failed and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lexfit.io import write_text
from lexfit.reporting.markdown import table
from lexfit.sweeps.members import FAILED, FINISHED, STOPPED
from lexfit.sweeps.plots import draw_sweep
from lexfit.sweeps.record import FOLDER
from lexfit.sweeps.scores import OUT_OF_FOLD, WORDS
from lexfit.sweeps.space import as_override

if TYPE_CHECKING:
    from pathlib import Path

ORDER = {FINISHED: 0, STOPPED: 1, FAILED: 2}


def command_of(found: dict[str, Any], member: dict[str, Any]) -> str:
    """The command that runs a member whole: final model, test scores and card."""
    own = [as_override(key, value) for key, value in member["values"].items()]
    changes = [f"-S '{override}'" for override in [*found["plan"]["overrides"], *own]]
    return " ".join(["dvc exp run", *changes])


def _span(one: dict[str, Any], sign: str = "") -> str:
    return f"{one['mean']:{sign}.4f} ({one['low']:{sign}.4f} to {one['high']:{sign}.4f})"


def _against(one: dict[str, Any], what: str) -> str:
    return (
        f"- against {what}, {one['member']}, by query: {_span(one, '+')}, p = {one['p_value']:.4f}; "
        f"better on {one['better']}, equal on {one['equal']}, worse on {one['worse']}"
    )


def _state(member: dict[str, Any], unit: str) -> str:
    if member["state"] == STOPPED:
        return f"stopped after {member['done']} of {member['of']} {unit}, threshold {member['threshold']:.4f}"
    return str(member["state"])


def _rows(found: dict[str, Any], unit: str) -> list[list[str]]:
    keys = list(found["plan"]["space"])
    winner = found["winner"]["member"] if found["winner"] else ""
    rows = []
    for member in sorted(found["members"], key=lambda m: (ORDER[m["state"]], -(m["score"] or 0), m["name"])):
        bold = "**" if member["name"] == winner else ""
        settings = [json.dumps(member["values"][key]) if member["values"] else "default" for key in keys]
        score = _span(member["interval"]) if member["interval"] else ""
        if member["state"] == STOPPED:
            score = f"{member['score']:.4f}"
        name = f"{bold}{member['name']}{bold}"
        rows.append([name, *settings, score, _state(member, unit), f"{member['seconds']:.0f}"])
    return rows


def winner_lines(found: dict[str, Any]) -> list[str]:
    """The winner, the command that runs it whole, and how it compares."""
    winner, members = found["winner"], found["members"]
    chosen = next(m for m in members if m["name"] == winner["member"])
    score = _span(chosen["interval"])
    lines = [f"Winner: **{chosen['name']}**, {score}", "", "```console", f"$ {command_of(found, chosen)}", "```", ""]
    for key, what in (("against_runner_up", "the runner-up"), ("against_default", "the default")):
        if winner[key]:
            lines.append(_against(winner[key], what))
    if chosen["name"] == members[0]["name"]:
        lines.append("- it is the default itself: nothing that was tried is better")
    return lines


def page(found: dict[str, Any]) -> str:
    """The sweep as Markdown, from its JSON."""
    plan, winner, members = found["plan"], found["winner"], found["members"]
    unit = "folds" if plan["kind"] == OUT_OF_FOLD else "epochs"
    name = plan["name"]
    counts = {state: sum(m["state"] == state for m in members) for state in ORDER}
    task = found["task"]
    lines = [
        f"# Sweep {name}",
        "",
        f"{task['data']}, protocol {task['protocol']}, {task['model']}, seed {plan['seed']}; "
        f"{plan['sampler']}, {len(members)} members with the default: {counts[FINISHED]} ran to the end, "
        f"{counts[STOPPED]} were stopped, {counts[FAILED]} failed. Scores are {WORDS[plan['kind']]}, intervals "
        f"{found['confidence']:.0%} bootstrap over queries, "
        "seconds those of stages that ran; the rest is from the cache. "
        "Written by `lexfit sweep`.",
        "",
    ]
    if winner:
        lines += [*winner_lines(found), "", winner["rule"], ""]
    header = ["member", *plan["space"], "nDCG@10", "state", "seconds"]
    lines += [table(header, _rows(found, unit)), ""]
    if failed := [m for m in members if m["state"] == FAILED]:
        lines += ["Why members failed:", "", *(f"- {m['name']}: {m['error']}" for m in failed), ""]
    for rung in found["rungs"]:
        lines.append(
            f"- after {rung['done']} of {rung['of']} {unit} the better half went on ({len(rung['kept'])}), "
            f"from a mean of {rung['threshold']:.4f}; stopped: {', '.join(rung['stopped']) or 'none'}"
        )
    if found["rungs"]:
        lines.append("")
    return "\n".join([*lines, f"![settings and scores]({name}.svg)", ""])


def write_page(found: dict[str, Any]) -> Path:
    """Write reports/sweeps/NAME.md and the plot beside it, NAME.svg and NAME.png; returns the page."""
    name = found["plan"]["name"]
    for ending in ("svg", "png"):
        draw_sweep(found, FOLDER / f"{name}.{ending}")
    target = FOLDER / f"{name}.md"
    write_text(target, page(found))
    return target
