"""Rounds, one after another: which fault meets which stage, and what came of it."""

from __future__ import annotations

import json
import time
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.faults import damage, kinds
from benchmarks.faults.case import Case, Fault, verify
from benchmarks.faults.site import VARYING
from benchmarks.faults.verdict import RAN, Observed, judge
from lexfit.cache import is_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.faults.processes import Finished
    from benchmarks.faults.site import Site

COMMANDS_CUT = "Unable to read RWLock-file"
TRAININGS, CACHE = damage.in_lexfit_cache(True), damage.in_lexfit_cache(False)
# Each fault and how many of fifty rounds it gets.
SHARES: dict[Fault, int] = {
    Fault("kill -9 of everything", kinds.kill_all, even=True): 12,
    Fault("kill -9 of the stage", kinds.kill_stage, even=True): 8,
    Fault("full disk", kinds.fill_disk, kinds.free_disk, even=True): 8,
    Fault("damaged file of DVC's cache", damage.damage_dvc_cache, verify, damage.has_inputs): 3,
    Fault("damaged intermediate file", damage.damage_intermediate, verify, damage.has_inputs): 4,
    Fault("damaged file of lexfit's cache", CACHE[0], fits=CACHE[1]): 3,
    Fault("damaged checkpoint", TRAININGS[0], fits=TRAININGS[1]): 2,
    Fault("removed cache", kinds.remove_cache, kinds.keep_outputs): 3,
    Fault("push broken off", damage.break_push, fits=None): 3,
    Fault("two runs at once", kinds.run_twice): 2,
    Fault("changed clock", kinds.change_clock): 2,
}


def plan(rounds: int, seed: int, site: Site) -> list[tuple[Fault, str]]:
    """The fault and stage of each round; the same for a seed, however many rounds follow.

    Kills and a full disk take a turn through all stages together; otherwise stages that take less time come more often.
    """
    rng = Random(seed)
    seconds: dict[str, float] = site.reference["seconds"]
    fitting = {f.name: [s for s in seconds if f.fits(site, s)] if f.fits else [] for f in SHARES}
    turn: list[str] | None = None
    found: list[tuple[Fault, str]] = []
    while len(found) < rounds:
        faults = [fault for fault, share in SHARES.items() for _ in range(share)]
        rng.shuffle(faults)
        for fault in faults:
            stages = fitting[fault.name]
            if fault.even and turn is None:
                turn = rng.sample(stages, len(stages))
            if fault.even and turn:
                stage = turn.pop()
            else:
                stage = rng.choices(stages, [1 / seconds[s] for s in stages])[0] if stages else ""
            found.append((fault, stage))
    return found[:rounds]


def run_round(site: Site, number: int, seed: int, fault: Fault, stage: str) -> dict[str, Any]:
    """One round: its facts and its verdict."""
    start, rng = time.monotonic(), Random(f"{seed}/{number}")
    site.restore()
    case = Case(site, stage, rng, site.project)
    if stage:
        case.details["start"] = site.open(stage, rng)
    disturbed = fault.disturb(case)
    unharmed = any(end.status == 0 for end in disturbed if not end.killed)
    after = site.differences(case.root) if unharmed and fault.fits is not None else []
    fault.mend(case, disturbed)
    killed = bool(stage) and any(end.killed for end in disturbed)
    whole = _whole_checkpoints(site) if killed else []
    refused, recovery = recover(case)
    disturbed = [*disturbed, *refused]
    ran = set(RAN.findall(recovery.said))
    observed = Observed(
        disturbed,
        after,
        recovery,
        site.differences(case.root),
        _allowed(site, {*case.excused, stage}),
        [path.name for path in whole] if whole and "going on from step" not in recovery.said else [],
    )
    verdict, message = judge(observed)
    return {
        "round": number,
        "fault": fault.name,
        "stage": stage,
        **case.details,
        "ended": [[end.status, end.killed] for end in disturbed],
        "made again": sorted(ran),
        "verdict": verdict,
        "message": message.replace(str(site.folder), "…"),
        "commit": site.reference["commit"],
        "seconds": round(time.monotonic() - start, 1),
        "said": [end.said[-3000:] for end in (*disturbed, recovery)] if verdict != "right" else [],
    }


def recover(case: Case) -> tuple[list[Finished], Finished]:
    """Run `dvc repro` whole; where DVC's list of running commands was cut, do as the guide says and run it again.

    Returns:
        What DVC refused to run, and the run that counts.
    """
    recovery = case.site.run("dvc", "repro", cwd=case.root)
    if recovery.status == 0 or COMMANDS_CUT not in recovery.said:
        return [], recovery
    verify(case, [recovery])
    return [recovery], case.site.run("dvc", "repro", cwd=case.root)


def run_rounds(site: Site, wanted: Iterable[int], seed: int, log: Path) -> Iterable[dict[str, Any]]:
    """Run rounds by number; each is added to the log as it ends."""
    numbers = list(wanted)
    planned = plan(max(numbers, default=-1) + 1, seed, site)
    for number in numbers:
        found = run_round(site, number, seed, *planned[number])
        with log.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(found, ensure_ascii=False) + "\n")
        yield found


def read_rounds(log: Path) -> list[dict[str, Any]]:
    """The last of each round of a log, in their order, with the verdicts of `earlier` ones.

    A last line that a kill has cut is taken out of the log.
    """
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    found: dict[int, dict[str, Any]] = {}
    for place, line in enumerate(lines):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            log.write_text("".join(line + "\n" for line in lines[:place]), encoding="utf-8")
            break
        before = found.get(record["round"])
        if before is not None:
            record["earlier"] = [*before.get("earlier", []), f"{before['verdict']} at {before['commit']}"]
        found[record["round"]] = record
    return [found[number] for number in sorted(found)]


def _whole_checkpoints(site: Site) -> list[Path]:
    return sorted(path for path in site.cache.glob("*/*/checkpoint-*") if is_whole(path))


def _allowed(site: Site, stages: set[str]) -> set[str]:
    """These, and what follows those whose outputs are never the same twice."""
    allowed, reference = set(stages), site.reference
    varying = {name for name, outs in reference["outs"].items() if set(outs) & set(VARYING)}
    while more := {n for n, makers in reference["reads"].items() if set(makers) & allowed & varying} - allowed:
        allowed |= more
    return allowed
