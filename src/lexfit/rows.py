"""Rows of csv and tsv text by column name: a line that doesn't fit its header is an error that names it."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Literal

from lexfit.errors import LexfitError
from lexfit.io import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CELL = 2**27  # characters
REMEDY = "Mend this line, or make the file anew"


def placed_cells(text: str, where: str, delimiter: str, *, quoted: bool = True) -> Iterator[tuple[str, list[str]]]:
    """Cells of each line that isn't blank, the header's first, with the line's place (`file:line`).

    Args:
        text: Of the table; quoted cells may hold line breaks.
        where: The file, for errors.
        delimiter: Between cells.
        quoted: Whether quotation marks mean anything.

    Raises:
        LexfitError: The csv module can't read a line, or it has more or fewer cells than the header.
    """
    csv.field_size_limit(CELL)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    width, line = 0, 1
    try:
        for cells in reader:
            place, line = f"{where}:{line}", reader.line_num + 1
            if not cells:
                continue
            width = width or len(cells)
            if len(cells) != width:
                problem = f"has {len(cells)} cells, and the header has {width}"
                raise LexfitError(place, problem, "Mend this line, or quote its cells")
            yield place, cells
    except csv.Error as error:
        raise LexfitError(f"{where}:{line}", f"can't be read ({error})", "Mend this line") from error


def placed_rows(
    text: str, where: str, columns: Sequence[str], delimiter: str = ",", *, quoted: bool = True
) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows by column name, each with its place.

    Args:
        text: Of the table.
        where: The file, for errors.
        columns: Those that must be there.
        delimiter: Between cells.
        quoted: Whether quotation marks mean anything.

    Raises:
        LexfitError: A column is missing or there twice, or a line doesn't fit.
    """
    lines = placed_cells(text, where, delimiter, quoted=quoted)
    header = next(lines, ("", []))[1]
    for name in columns:
        if header.count(name) != 1:
            problem = f"has {header.count(name)} columns named {name!r}, not one"
            raise LexfitError(where, problem, f"Its columns are {', '.join(header)[:200] or 'none'}")
    for place, cells in lines:
        yield place, dict(zip(header, cells, strict=True))


def read_rows(path: Path, columns: Sequence[str], delimiter: str = ",", *, quoted: bool = True) -> list[dict[str, str]]:
    """Rows of a file, as `placed_rows` gives them."""
    return [row for _, row in placed_rows(read_text(path), str(path), columns, delimiter, quoted=quoted)]


def number(text: str, place: str) -> float:
    """A finite number, or an error that names the place."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise LexfitError(place, f"{text[:40]!r} is no finite number", REMEDY)
    return value


def whole_number(text: str, place: str) -> int:
    """A whole number, or an error that names the place."""
    try:
        return int(text)
    except ValueError as error:
        raise LexfitError(place, f"{text[:40]!r} is no whole number", REMEDY) from error
