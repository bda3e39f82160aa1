"""The page's example cases: six of the project's own situations, none of which the model trained on by default."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lexfit.errors import LexfitError, explained_contents
from lexfit.jsonl import read_jsonl
from lexfit.stages.common import TRAIN

SITUATIONS = Path("data/sources/constitution/situations.jsonl")
# Of the data set's test split, for their subjects; with the default model two go well, two half, two badly.
CHOSEN = {
    "a09": "A minority's school",
    "a39": "Children at work",
    "a03": "A heavier sentence",
    "c27": "Territory ceded",
    "a04": "Preventive detention",
    "a21": "Village councils cut short",
}


class Example(NamedTuple):
    """A situation with its short name, the articles it is labelled with, and whether the model trained on it."""

    id: str
    name: str
    text: str
    labels: tuple[str, ...]
    trained: bool


def examples(source: str, file: Path = SITUATIONS) -> list[Example]:
    """The six, in the page's order; labels are given where the statutes are the articles that they speak of.

    Args:
        source: Of the statutes, as in `data.source`.
        file: The project's situations.

    Raises:
        LexfitError: The file is absent or lacks one of the six, or stage pairs hasn't run.
    """
    with explained_contents(str(file), f"`git checkout {file}`"):
        found = {record["id"]: record for record in read_jsonl(file)}
        missing = [key for key in CHOSEN if key not in found]
        if missing:
            raise LexfitError(str(file), f"has no situation {', '.join(missing)}", f"`git checkout {file}`")
        trained = {record["text"] for record in read_jsonl(TRAIN / "queries.jsonl")}
        return [
            Example(
                key,
                name,
                found[key]["text"],
                tuple(found[key]["articles"]) if source == "constitution" else (),
                found[key]["text"] in trained,
            )
            for key, name in CHOSEN.items()
        ]
