"""One round at work, and what a fault is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

    from benchmarks.faults.processes import Finished, Running
    from benchmarks.faults.site import Site

SHARE = 0.7  # of the time from an empty cache: with a full one, and on a machine with less to do, it takes less
VERIFY = ("python", "-m", "lexfit", "verify", "--delete")


@dataclass
class Case:
    """A stage that is about to run, and what a fault notes of itself.

    `excused` are stages whose work the fault itself destroyed, so that they may run again; `root` is where the
    recovery takes place.
    """

    site: Site
    stage: str
    rng: Random
    root: Path
    details: dict[str, Any] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)

    @property
    def seconds(self) -> float:
        """How long the stage's `dvc repro` takes undisturbed, from an empty cache; without a stage, `dvc push`."""
        reference = self.site.reference
        return float(reference["seconds"][self.stage] if self.stage else reference["push"])

    def moment(self, share: float = SHARE) -> float:
        """A random moment of the first `share` of the stage's time, in seconds from its start; noted."""
        found = self.rng.uniform(0.0, share * self.seconds)
        self.details["moment"] = round(found, 2)
        return found

    def repro(self, variables: dict[str, str] | None = None) -> Running:
        """Start `dvc repro` of the stage."""
        return self.site.start("dvc", "repro", self.stage, variables=variables)

    def inputs(self) -> dict[str, str]:
        """Hashes of what the stage reads of other stages' outputs, by path."""
        stages = self.site.lock()
        deps = [dep["path"] for dep in self.site.reference["deps"][self.stage]]
        outs = {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}
        return {path: md5 for path, md5 in outs.items() if any(shares(path, dep) for dep in deps)}


@dataclass(frozen=True)
class Fault:
    """What is done to a run.

    Args:
        name: Of the fault.
        disturb: Does it, and gives all commands that ran meanwhile.
        mend: What a user does next, as the error said.
        fits: Whether a stage can meet it; None where no stage runs at all.
        even: At first every stage in turn; otherwise those that take less time come more often.
    """

    name: str
    disturb: Callable[[Case], list[Finished]]
    mend: Callable[[Case, list[Finished]], None] = lambda case, ended: None
    fits: Callable[[Site, str], bool] | None = lambda site, stage: True
    even: bool = False


def verify(case: Case, ended: list[Finished]) -> None:
    """Follow the error's advice: delete what is damaged."""
    if any(end.status != 0 for end in ended):
        case.site.run(*VERIFY, variables={"PYTHONPATH": "src"})


def shares(output: str, dependency: str) -> bool:
    """Whether one is the other or lies in it."""
    return f"{output}/".startswith(f"{dependency}/") or f"{dependency}/".startswith(f"{output}/")
