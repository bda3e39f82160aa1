"""Rounds as a page and as numbers."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from tabulate import tabulate

from benchmarks.faults.verdict import GOOD, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

FINDINGS = Path(__file__).with_name("findings.json")
INTRODUCTION = """# Faults

{rounds} rounds, seed {seed}, last on {date}, on {machine}. Code: {commits}.

In each, one stage of the pipeline (every one of dvc.yaml, over tiny models and a few texts) runs while a fault befalls
it; then it runs again without.

- right: every file is as in an undisturbed run
- clear error: lexfit's message names what is wrong and what to do, or DVC's what is wrong (one of them, "disk I/O
  error" on a full disk, only the guide explains: docs/troubleshoot.md); after that all is right
- unclear error: a traceback, or no reason
- wrong: exit status 0 and another file than in an undisturbed run
- lost: more than the stage at work had to run again, or nothing ran any more

This page is written by `python -m benchmarks.faults`.
"""


def page(rounds: Sequence[dict[str, Any]], reference: dict[str, Any], seed: int) -> str:
    """The page: counts by fault and verdict, by stage, and every round that wasn't right."""
    machine = reference["machine"]
    commits = Counter(found["commit"] for found in rounds)
    text = INTRODUCTION.format(
        rounds=len(rounds),
        seed=seed,
        date=reference["date"],
        machine=f"{machine['cores']} cores of {machine['processor']}, Python {machine['python']}",
        commits=", ".join(f"`{commit}` ({count} rounds)" for commit, count in commits.items()),
    )
    kinds = get_args(Verdict)
    for title, key in (("Fault", "fault"), ("Stage", "stage")):
        counts = Counter((found[key] or "(none)", found["verdict"]) for found in rounds)
        names = sorted({name for name, _ in counts})
        rows = [[name, *(counts[name, kind] or "" for kind in kinds)] for name in names]
        rows.append(["all", *(sum(counts[name, kind] for name in names) for kind in kinds)])
        text += "\n" + tabulate(rows, [title, *kinds], tablefmt="github") + "\n"
    means = sorted({f"{found['fault']}: {found['by']}" for found in rounds if "by" in found})
    text += f"\nHow: {'; '.join(means)}.\n" if means else ""
    text += "\n## Rounds that ended otherwise than right, or did before a mend\n\n"
    others = sorted(
        (f for f in rounds if f["verdict"] != "right" or "earlier" in f),
        key=lambda f: (f["verdict"] in GOOD, f["round"]),
    )
    for found in others:
        said = " ".join(found["message"].replace("|", "\\|").split())
        text += f"- {found['round']}, {_told(found)}: **{found['verdict']}**. {said}".rstrip() + "\n"
    if FINDINGS.exists():
        text += "\n## Findings\n\n" + "".join(f"- {told}\n" for told in json.loads(FINDINGS.read_text("utf-8")))
    return text


def _told(found: dict[str, Any]) -> str:
    skipped = {
        "round",
        "fault",
        "stage",
        "ended",
        "made again",
        "verdict",
        "message",
        "commit",
        "seconds",
        "said",
        "by",
    }
    own = {**found, "earlier": "; ".join(found["earlier"])} if "earlier" in found else found
    details = ", ".join(f"{key} {value}" for key, value in own.items() if key not in skipped)
    return f"{found['fault']}, {found['stage'] or 'no stage'} ({details})"


def write_report(rounds: Sequence[dict[str, Any]], reference: dict[str, Any], seed: int, folder: Path) -> None:
    """Write faults.md and faults.json into a folder."""
    (folder / "faults.md").write_text(page(rounds, reference, seed), encoding="utf-8")
    summary = {
        "rounds": len(rounds),
        "seed": seed,
        "date": reference["date"],
        "machine": reference["machine"],
        "verdicts": dict(Counter(found["verdict"] for found in rounds)),
        "each": [{key: value for key, value in found.items() if key != "said"} for found in rounds],
    }
    (folder / "faults.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
