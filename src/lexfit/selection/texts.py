"""Files of a finished run as commands compare them: they may come from a commit of somebody else."""

from __future__ import annotations

import json
from typing import Any

from lexfit.errors import LexfitError, explained_contents
from lexfit.io import parse_json
from lexfit.rows import number, placed_rows
from lexfit.yaml_files import parse_yaml

SECTIONS = ("data", "protocol", "crossval")
REMEDY = "Name another run, or run this one anew"


def params_of(text: str, where: str) -> dict[str, Any]:
    """A run's params. They may be another version's, so only what tells runs apart must be there.

    Raises:
        LexfitError: The text isn't YAML of plain data, or lacks a section or the seed.
    """
    params: dict[str, Any] = parse_yaml(text, where, REMEDY)
    with explained_contents(where, REMEDY):
        json.dumps(params, sort_keys=True)  # as recipes are compared
        if not all(isinstance(params[name], dict) for name in SECTIONS) or not isinstance(params["seed"], int):
            raise TypeError(f"{', '.join(SECTIONS)} must be sections, and seed a number")
        str(params["data"]["source"]), str(params["protocol"]["name"]), list(params["crossval"]["folds"])
    return params


def object_of(text: str, where: str) -> dict[str, Any]:
    """A JSON object from its text."""
    value = parse_json(text, where)
    if not isinstance(value, dict):
        raise LexfitError(where, "isn't a JSON object", REMEDY)
    return value


def scores_by_query(text: str, where: str, column: str) -> dict[str, float]:
    """A column of a table by query id."""
    rows = placed_rows(text, where, ["query_id", column], "\t")
    return {row["query_id"]: number(row[column], place) for place, row in rows}
