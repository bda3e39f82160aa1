"""The search space of a sweep: params keys and groups of conf/, each with the values that it may take."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lexfit.compose import compose
from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.selection.recipes import flatten
from lexfit.typed import build
from lexfit.yaml_files import read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

# What decides what is scored, and how: members that differ in it don't compare. `data.train` is what trains.
SCORING = ("seed", "data", "protocol", "crossval", "evaluation", "selection")
RANGE_KEYS = {"low", "high", "log", "points"}


@dataclass(frozen=True)
class Axis:
    """A key and the values that it may take: `values` as listed, or all numbers from `low` to `high`.

    A range of whole numbers has whole ends. `log` draws and spaces by the logarithm; `points` is how many values a
    grid takes (None: every whole number).
    """

    key: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    points: int | None = None

    @property
    def listed(self) -> bool:
        """Whether the values are listed one by one."""
        return bool(self.values)

    @property
    def whole(self) -> bool:
        """Whether this is a range of whole numbers."""
        return not self.listed and isinstance(self.low, int)

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that stand for all in a check of types: those listed, or the range's ends."""
        return self.values or (self.low, self.high)


def read_space(path: Path) -> tuple[Axis, ...]:
    """The axes of a space file, in its order.

    Raises:
        LexfitError: It isn't YAML, or a key's values are no list and no range.
    """
    found = read_yaml(path, "sweeps/standard.yaml shows the form")
    if not isinstance(found, dict) or not found:
        raise LexfitError(str(path), "has no keys", "Write `key: [values]` or `key: {low: …, high: …}`, one a line")
    return tuple(axis_of(key, value, str(path)) for key, value in found.items())


def axis_of(key: str, value: Any, where: str) -> Axis:
    """An axis from what a space file says of a key."""
    place = f"{where}: {key}"
    if isinstance(value, list) and value:
        if len({json.dumps(one) for one in value}) < len(value):
            raise LexfitError(place, f"lists a value twice: {value}", "List each once")
        return Axis(key, tuple(value))
    if not isinstance(value, dict) or not {"low", "high"} <= value.keys() <= RANGE_KEYS:
        remedy = "Write a list of values, or {low: …, high: …} with log: true and points: N if you like"
        raise LexfitError(place, f"is {value!r}", remedy)
    low, high, log, points = value["low"], value["high"], value.get("log", False), value.get("points")
    for name, number in (("low", low), ("high", high)):
        if isinstance(number, bool) or not isinstance(number, int | float):
            remedy = "Write a number; YAML takes 5.0e-5 for one, and 5e-5 for a text"
            raise LexfitError(place, f"has {name}: {number!r}", remedy)
    if not isinstance(log, bool):
        raise LexfitError(place, f"has log: {log!r}", "Write true or false")
    if points is not None and (not isinstance(points, int) or isinstance(points, bool) or points < 2):
        raise LexfitError(place, f"has points: {points!r}", "Write a whole number of at least 2")
    if not (math.isfinite(low) and math.isfinite(high) and low < high) or (log and low <= 0):
        raise LexfitError(place, f"goes from {low} to {high}", "low must be below high, and positive with log")
    whole = isinstance(low, int) and isinstance(high, int)
    return Axis(key, (), low if whole else float(low), high if whole else float(high), log, points)


def as_override(key: str, value: Any) -> str:
    """A Hydra override that sets a key, such as `train.learning_rate=0.0001`."""
    plain = isinstance(value, str) and re.fullmatch(r"[\w./@-]+", value)
    return f"{key}={value if plain else json.dumps(value, ensure_ascii=False)}"


def is_group(key: str, conf: Path) -> bool:
    """Whether a key is a group of conf/, whose values are names of files."""
    return "." not in key and (conf / key).is_dir()


def check_space(space: Sequence[Axis], overrides: Sequence[str], where: str, conf: Path = Path("conf")) -> None:
    """Raise `LexfitError` for an unknown key, a value of a wrong type, or a key that decides what is scored.

    Args:
        space: The axes.
        overrides: Hydra overrides that all members share.
        where: The space's file, for errors.
        conf: Hydra's folder.
    """
    known = flatten(yaml.safe_load(compose(list(overrides), conf)))
    for axis in space:
        place = f"{where}: {axis.key}"
        section = axis.key.split(".")[0].split("/")[0]
        if section in SCORING and not re.match(r"data[./]train\b", axis.key):
            remedy = "Leave it out, and set it for all members: `-S KEY=VALUE`"
            raise LexfitError(place, f"is part of {section}, which decides what is scored", remedy)
        if is_group(axis.key, conf):
            _check_choices(axis, place, conf)
        elif axis.key not in known:
            near = [key for key in known if key.startswith(f"{section}.")]
            remedy = f"Known there: {', '.join(near)}" if near else f"Sections: {', '.join(_sections(known))}"
            raise LexfitError(place, "is no key of params.yaml and no group of conf/", remedy)
        for value in axis.ends:
            own = yaml.safe_load(compose([*overrides, as_override(axis.key, value)], conf))
            build(Params, own, "", where)


def _sections(keys: dict[str, Any]) -> list[str]:
    return sorted({key.split(".")[0] for key in keys})


def _check_choices(axis: Axis, place: str, conf: Path) -> None:
    choices = sorted(file.stem for file in (conf / axis.key).glob("*.yaml"))
    unknown = [value for value in axis.ends if value not in choices]
    if unknown:
        raise LexfitError(place, f"has no choice {unknown[0]!r}", f"Choose among {', '.join(choices)}")
