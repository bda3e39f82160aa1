"""What is kept of a sweep: reports/sweeps/NAME.json, written after every step, so that a killed sweep is taken up."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.io import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexfit.sweeps.members import Member
    from lexfit.sweeps.space import Axis

FOLDER = Path("reports/sweeps")


@dataclass(frozen=True)
class Plan:
    """What makes a sweep: its members follow from it.

    `trials` is how many members random and tpe have (None: a grid), `kind` the score that they go by, `seed` that of
    sampler and resampling, `overrides` what all members share, `commit` the code that they run on.
    """

    name: str
    space: tuple[Axis, ...]
    sampler: str
    trials: int | None
    halving: bool
    kind: str
    seed: int
    overrides: tuple[str, ...]
    commit: str

    def as_record(self) -> dict[str, Any]:
        """As the sweep's JSON keeps it."""
        found = asdict(self)
        ranges = ("low", "high", "log", "points")
        found["space"] = {
            axis.key: list(axis.values) if axis.listed else {name: getattr(axis, name) for name in ranges}
            for axis in self.space
        }
        return {**found, "overrides": list(self.overrides)}


def path_of(name: str) -> Path:
    """The sweep's JSON."""
    return FOLDER / f"{name}.json"


def earlier_members(plan: Plan) -> dict[str, dict[str, Any]]:
    """What an earlier run of the same sweep noted, by member.

    Raises:
        LexfitError: The sweep of that name was another one; only more trials make it go on.
    """
    path = path_of(plan.name)
    if not path.exists():
        return {}
    found = read_json(path)
    own = plan.as_record()
    for key, value in own.items():
        if key != "trials" and found["plan"].get(key) != value:
            problem = f"is of a sweep with another {key}: {found['plan'].get(key)!r}, not {value!r}"
            raise LexfitError(str(path), problem, "Choose another --name")
    return {member["name"]: member for member in found["members"]}


def write_record(plan: Plan, members: Sequence[Member], rungs: list[dict[str, Any]], **found: Any) -> None:
    """Write the sweep's JSON.

    Args:
        plan: The sweep.
        members: All so far, the default first.
        rungs: What was stopped where, if anything was to be.
        found: The winner, and what of the params its page names.
    """
    members_now = [member.as_record() for member in members]
    write_json(path_of(plan.name), {"plan": plan.as_record(), "members": members_now, "rungs": rungs, **found})
