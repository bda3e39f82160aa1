"""Members of a sweep: one setting each, run as DVC experiments through the queue."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import mean
from typing import TYPE_CHECKING, Any

import yaml

from lexfit.compose import compose
from lexfit.config import Params, parse_params
from lexfit.errors import LexfitError
from lexfit.selection.experiments import commit_of, committed, list_experiments
from lexfit.selection.recipes import recipe_of
from lexfit.sweeps import dvc_queue
from lexfit.sweeps.scores import Part, part_of, scores_by_query
from lexfit.sweeps.space import as_override

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lexfit.sweeps.samplers import Values

WAITING, FINISHED, STOPPED, FAILED = "waiting", "finished", "stopped", "failed"


@dataclass
class Member:
    """A setting of a sweep and what became of it.

    `done` of `of` folds or epochs were run, the last time as `experiment`; `per_query` are its scores over those.
    `interval` is that of a finished one, `threshold` the mean that a stopped one would have needed, `error` why a
    failed one failed.
    """

    name: str
    values: Values
    state: str = WAITING
    experiment: str = ""
    commit: str = ""
    done: int = 0
    of: int = 0
    score: float | None = None
    interval: dict[str, float] | None = None
    threshold: float | None = None
    seconds: float = 0.0
    error: str = ""
    per_query: dict[str, float] = field(default_factory=dict)

    def as_record(self) -> dict[str, Any]:
        """As the sweep's JSON keeps it."""
        return asdict(self)


@dataclass(frozen=True)
class Job:
    """A member's run up to a rung: the experiment's name, what of it is run, and all its overrides."""

    name: str
    part: Part
    overrides: tuple[str, ...]


def member_name(sweep: str, number: int) -> str:
    """Such as `standard-0007`; number 0 is the default setting."""
    return f"{sweep}-{number:04d}"


def params_of(overrides: Sequence[str], values: Values) -> Params:
    """The params of a setting, checked.

    Raises:
        LexfitError: They break a rule.
    """
    own = [*overrides, *(as_override(key, value) for key, value in values.items())]
    return parse_params(yaml.safe_load(compose(own)), "conf/")


def job_of(member: Member, shared: Sequence[str], kind: str, share: float) -> Job:
    """What to run of a member at a share of the whole.

    A part that isn't the whole is an experiment of its own, since what it leaves is no result of the member.

    Raises:
        LexfitError: The member's params break a rule.
    """
    part = part_of(kind, params_of(shared, member.values), share)
    own = [as_override(key, value) for key, value in member.values.items()]
    name = member.name if part.done == part.of else f"{member.name}-{part.done}of{part.of}"
    return Job(name, part, (*shared, *own, *part.overrides))


def check_earlier(job: Job, commit: str) -> None:
    """Raise `LexfitError` unless the experiment of a job's name has its settings and started from this commit."""
    text = committed(commit, "params.yaml")
    expected = yaml.safe_load(compose(list(job.overrides)))
    found = yaml.safe_load(text or "{}")
    remedy = "Choose another --name, or remove it: `dvc exp remove`"
    if recipe_of(found) != recipe_of(expected) or found["seed"] != expected["seed"]:
        raise LexfitError(job.name, "is an experiment of other settings", remedy)
    if commit_of(f"{commit}^") != commit_of("HEAD"):
        raise LexfitError(job.name, "is an experiment that started from another commit", remedy)


def queue_jobs(jobs: Sequence[Job], say: Callable[[str], None]) -> None:
    """Queue the jobs that have no experiment and don't wait or run already, and see them through.

    Raises:
        LexfitError: Another experiment waits or runs in the queue, or dvc refuses one.
    """
    names = [job.name for job in jobs]
    if strange := dvc_queue.others(names):
        problem = f"holds experiments of something else: {', '.join(strange)}"
        raise LexfitError("dvc queue", problem, "Let them end, or `dvc queue remove` them, and run this anew")
    known, now = list_experiments(), dvc_queue.states()
    if orphans := [n for n in names if now.get(n) == dvc_queue.RUNNING and not dvc_queue.worker_lives()]:
        dvc_queue.dvc("queue", "kill", "--force", *orphans)  # its worker was killed, and no other can book it
        now |= dict.fromkeys(orphans, dvc_queue.FAILED)
    for job in jobs:
        state = now.get(job.name)
        if job.name in known:
            check_earlier(job, known[job.name])
        elif state not in {dvc_queue.QUEUED, dvc_queue.RUNNING}:
            if state is not None:
                dvc_queue.dvc("queue", "remove", job.name)
            changes = [argument for override in job.overrides for argument in ("-S", override)]
            dvc_queue.dvc("exp", "run", "--queue", "--name", job.name, *job.part.targets, *changes)
    open_jobs = [name for name in names if name not in known]
    if open_jobs:
        dvc_queue.wait(open_jobs, lambda name, state: say(f"{name}: {state.lower()}"))


def advance(
    members: Sequence[Member], shared: Sequence[str], kind: str, share: float, say: Callable[[str], None]
) -> None:
    """Run members up to a share of the whole, and note each one's score or why it failed.

    Args:
        members: Those that go on; they are changed.
        shared: Overrides of all members.
        kind: Which score.
        share: Of all folds or epochs.
        say: Told what happens.
    """
    jobs: list[tuple[Member, Job]] = []
    for member in members:
        try:
            jobs.append((member, job_of(member, shared, kind, share)))
        except LexfitError as error:  # of one setting: the others go on
            member.state, member.error = FAILED, str(error)
    queue_jobs([job for _, job in jobs], say)
    known = list_experiments()
    for member, job in jobs:
        log = dvc_queue.log_of(job.name)
        member.seconds = round(member.seconds + dvc_queue.seconds_of(log), 1)
        if job.name not in known:
            member.state, member.error = FAILED, dvc_queue.reason_of(log)
            continue
        member.experiment, member.commit = job.name, known[job.name]
        member.done, member.of = job.part.done, job.part.of
        member.per_query = scores_by_query(kind, member.commit, list(range(job.part.done)))
        member.score = round(mean(member.per_query.values()), 6)
        if job.part.done == job.part.of:
            member.state = FINISHED
        say(f"{job.name}: nDCG@10 {member.score:.4f}")
