"""The winner of a sweep as a recipe in conf/experiment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lexfit.compose import compose
from lexfit.errors import LexfitError
from lexfit.io import read_json, write_text
from lexfit.sweeps.record import path_of
from lexfit.sweeps.space import as_override, is_group

if TYPE_CHECKING:
    from collections.abc import Sequence

CONF = Path("conf")


def read_sweep(name: str) -> dict[str, Any]:
    """A sweep's JSON.

    Raises:
        LexfitError: There is none, or it has no winner (yet).
    """
    path = path_of(name)
    if not path.exists():
        raise LexfitError(str(path), "no such sweep", "Run it: runs/sweep.sh")
    found: dict[str, Any] = read_json(path)
    if not found.get("winner"):
        raise LexfitError(str(path), "has no winner: no member ran to the end", "Run the sweep to its end")
    return found


def recipe_text(found: dict[str, Any], overrides: Sequence[str], conf: Path = CONF) -> str:
    """The text of a file of conf/experiment that sets what overrides set, with the winner's evidence above.

    Args:
        found: The sweep's JSON.
        overrides: Of the winner: what all members share, and its own.
        conf: Hydra's folder.
    """
    defaults, body = list[Any](), dict[str, Any]()
    for override in overrides:
        key, _, text = override.partition("=")
        value = _value_of(text)
        if key == "experiment":
            defaults.insert(0, value)
        elif is_group(key, conf):
            defaults.append({f"override /{key}": value})
        else:
            place = body
            *parents, last = key.split(".")
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
    winner, members = found["winner"], found["members"]
    comments = [
        f"The winner of the sweep {found['plan']['name']}, of {len(members)} members "
        f"(reports/sweeps/{found['plan']['name']}.json): {winner['member']}."
    ]
    for key, what in (("against_runner_up", "the runner-up"), ("against_default", "the default")):
        if one := winner[key]:
            comments.append(f"Against {what}, paired: {one['mean']:+.4f} ({one['low']:+.4f} to {one['high']:+.4f}).")
    head = "".join(f"# {comment}\n" for comment in comments)
    listed = yaml.safe_dump({"defaults": defaults}, sort_keys=False) if defaults else ""
    return f"# @package _global_\n{head}{listed}" + (yaml.safe_dump(body, sort_keys=False) if body else "")


def _value_of(text: str) -> Any:
    """An override's value; JSON first, since YAML takes 5e-05 for a text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return yaml.safe_load(text)


def write_recipe(found: dict[str, Any], name: str) -> Path:
    """Write the winner to conf/experiment/NAME.yaml, and see that it composes into the winner's own params.

    Raises:
        LexfitError: It doesn't, since an override can't be said in a file; nothing is written then.
    """
    member = next(m for m in found["members"] if m["name"] == found["winner"]["member"])
    overrides = [*found["plan"]["overrides"], *(as_override(k, v) for k, v in member["values"].items())]
    target = CONF / "experiment" / f"{name}.yaml"
    before = target.read_text(encoding="utf-8") if target.exists() else None
    expected = compose(overrides)
    write_text(target, recipe_text(found, overrides))
    try:
        same = yaml.safe_load(compose([f"experiment={name}"])) == yaml.safe_load(expected)
    except LexfitError:
        same = False
    if not same:
        if before is None:
            target.unlink()
        else:
            write_text(target, before)
        remedy = f"Use the command: dvc exp run {' '.join(f'-S {override!r}' for override in overrides)}"
        raise LexfitError(str(target), "can't say what the winner's overrides say", remedy)
    return target
