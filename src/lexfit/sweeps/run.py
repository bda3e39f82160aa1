"""A whole sweep: members by grid, random draws or TPE, run through DVC's queue, stopped early, and the winner."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.selection.experiments import commit_of
from lexfit.sweeps.choice import choose, interval
from lexfit.sweeps.halving import cut
from lexfit.sweeps.members import FAILED, FINISHED, STOPPED, WAITING, Member, advance, member_name, params_of
from lexfit.sweeps.record import Plan, earlier_members, write_record
from lexfit.sweeps.samplers import Study, drawn, grid
from lexfit.sweeps.scores import score_kind, shares_of
from lexfit.sweeps.space import check_space, read_space

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from lexfit.config import Params

TRIALS = 20
TRACKED = ("src", "conf", "dvc.yaml", "data/sources")


@dataclass(frozen=True)
class Asked:
    """What a sweep was asked for on the command line."""

    space: Path
    name: str | None
    sampler: str
    trials: int | None
    halving: bool
    jobs: int
    score: str | None
    overrides: tuple[str, ...]


def plan_of(asked: Asked) -> tuple[Plan, Params]:
    """The sweep that is asked for, checked, and the params that its members share.

    Raises:
        LexfitError: Something of it is unknown, doesn't go together, or may not be.
    """
    if asked.jobs != 1:
        raise LexfitError(
            f"--jobs {asked.jobs}",
            "would train several members at once, each with all hardware.threads and the device's whole memory; "
            "DVC's workers also wait for each other's locks, and one that is started while another comes up runs a "
            "member twice",
            "Leave it out: one worker uses the machine whole",
        )
    name = asked.name or asked.space.stem
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise LexfitError(f"--name {name}", "can't name experiments", "Use small letters, digits, - and _")
    if asked.sampler == "grid" and asked.trials is not None:
        raise LexfitError("--trials", "goes with random and tpe", "A grid has all of its members: set `points`")
    if asked.trials is not None and asked.trials < 1:
        raise LexfitError("--trials", f"is {asked.trials}", "It must be at least 1")
    if asked.halving and asked.sampler == "tpe":
        problem = "stops members of a batch, and tpe asks for one at a time"
        raise LexfitError("--halving", problem, "Use it with grid or random")
    commit = clean_commit()
    space = read_space(asked.space)
    check_space(space, asked.overrides, str(asked.space))
    params = params_of(asked.overrides, {})
    kind = score_kind(params, asked.score)
    trials = None if asked.sampler == "grid" else asked.trials or TRIALS
    plan = Plan(name, space, asked.sampler, trials, asked.halving, kind, params.seed, asked.overrides, commit)
    return plan, params


def clean_commit() -> str:
    """The commit that members start from.

    Raises:
        LexfitError: There is none, or the code differs from it: members that are queued later would run other code.
    """
    commit = commit_of("HEAD")
    if commit is None:
        raise LexfitError("git", "knows no commit here", "Commit first: experiments start from one")
    command = ["git", "diff", "--name-only", "HEAD", "--", *TRACKED]
    changed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if changed:
        problem = (
            f"has changes that aren't committed in {', '.join(changed)}; members queued later might run other code"
        )
        raise LexfitError("git", problem, "Commit or stash them")
    return commit


def members_of(plan: Plan) -> list[Member]:
    """The default, and the members of a grid or of random draws."""
    settings = grid(plan.space) if plan.trials is None else drawn(plan.space, plan.trials, plan.seed)
    return [Member(member_name(plan.name, number), values) for number, values in enumerate([{}, *settings])]


def sweep(asked: Asked, say: Callable[[str], None]) -> dict[str, Any]:
    """Run a sweep to its end, or take up one that was killed; what its JSON keeps.

    Args:
        asked: What for.
        say: Told what happens, a line each time.

    Raises:
        LexfitError: It can't be run; a member that fails is no reason.
    """
    plan, params = plan_of(asked)
    earlier = earlier_members(plan)
    rungs: list[dict[str, Any]] = []
    if plan.sampler == "tpe":
        members = propose(plan, earlier, say)
    else:
        members = members_of(plan)
        say(f"{len(members)} members, the default among them")
        for share in shares_of(plan.kind, params, halving=plan.halving):
            rungs += climb(plan, members, share, say)
            write_record(plan, members, rungs)
    finished = [member for member in members if member.state == FINISHED]
    for member in finished:
        member.interval = interval(member.per_query, params.evaluation, params.seed)
    scores = {member.name: member.per_query for member in finished}
    found = {
        "winner": choose(scores, members[0].name, params.evaluation, params.seed),
        "task": {"data": params.data.source, "protocol": params.protocol.name, "model": params.model.name},
        "confidence": params.evaluation.confidence,
    }
    write_record(plan, members, rungs, **found)
    return {"plan": plan.as_record(), "members": [m.as_record() for m in members], "rungs": rungs, **found}


def climb(plan: Plan, members: Sequence[Member], share: float, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Run those that go on up to a share of the whole; stop the worse half of them, unless it is the whole.

    The default goes on in any case, since the winner is compared with it, and takes no other's place.
    """
    going = [member for member in members if member.state == WAITING]
    advance(going, plan.overrides, plan.kind, share, say)
    scores = {m.name: m.score for m in going if m.state == WAITING and m.score is not None and m is not members[0]}
    if share == 1 or not scores:
        return []
    decided = cut(scores)
    by_name = {member.name: member for member in members}
    for name in decided.stopped:
        by_name[name].state, by_name[name].threshold = STOPPED, decided.threshold
    first = by_name[decided.kept[0]]
    say(f"after {first.done} of {first.of}: {len(decided.kept)} go on, {len(decided.stopped)} stop")
    return [
        {
            "done": first.done,
            "of": first.of,
            "threshold": decided.threshold,
            "kept": decided.kept,
            "stopped": decided.stopped,
        }
    ]


def propose(plan: Plan, earlier: dict[str, dict[str, Any]], say: Callable[[str], None]) -> list[Member]:
    """The default, and members by TPE, each asked for when the one before has its score.

    A member that failed in an earlier run of this sweep stays failed: what came after it was proposed with that.
    """
    members = [Member(member_name(plan.name, 0), {})]
    advance(members, plan.overrides, plan.kind, 1.0, say)
    study = Study(plan.space, "tpe", plan.seed)
    for number in range(1, (plan.trials or TRIALS) + 1):
        member = Member(member_name(plan.name, number), study.ask())
        noted = earlier.get(member.name)
        if noted and noted["state"] == FAILED:
            member.state, member.error = FAILED, noted["error"]
        else:
            advance([member], plan.overrides, plan.kind, 1.0, say)
        study.tell(member.score)
        members.append(member)
        write_record(plan, members, [])
    return members
