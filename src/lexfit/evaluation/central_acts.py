"""Sections of Indian Central Acts as queries and documents: law near the target, but none of it."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError
from lexfit.io import decode_utf8, parse_jsonl

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = "LEXFIT_CENTRAL_ACTS"
SECTIONS = "sections.jsonl.gz"


def find_sections(given: str | None) -> Path:
    """The file of sections, which `retention.central_acts` or else the environment variable names, or its folder."""
    value = given or os.environ.get(ENVIRONMENT)
    where = "params.yaml: retention.central_acts" if given or not value else f"environment variable {ENVIRONMENT}"
    remedy = (
        f"Set `-S retention.central_acts=` or the environment variable {ENVIRONMENT} to the folder of {SECTIONS}, or "
        "do without: `-S retention=docstrings`"
    )
    if not value:
        raise LexfitError(where, f"task central_acts needs {SECTIONS}, and nothing says where it is", remedy)
    path = Path(value).expanduser()
    path = path / SECTIONS if path.is_dir() else path
    if not path.is_file():
        raise LexfitError(where, f"{path} does not exist", remedy)
    return path


def section_pairs(data: bytes, where: str) -> Iterator[tuple[str, str, str]]:
    """Act with section number, title, and text of each section, without the title that a text may begin with.

    Args:
        data: Gzipped JSONL of `act`, `section`, `title`, `text`.
        where: The file, for errors.
    """
    try:
        text = decode_utf8(gzip.decompress(data), where)
    except (OSError, EOFError, zlib.error) as error:
        raise LexfitError(where, f"is not a whole gzip file ({error})", "Fetch it anew") from error
    for line, record in parse_jsonl(text, where):
        values = [record.get(key) for key in ("act", "section", "title", "text")]
        if not all(isinstance(value, str) for value in values):
            raise LexfitError(f"{where}:{line}", "lacks act, section, title or text", "Mend this line")
        act, section, title, body = (" ".join(str(value).split()) for value in values)
        heading = re.match(rf"\W*(\d+\w*\W+)?{re.escape(title)}[^\w(\[]*", body, re.IGNORECASE)
        yield f"{act}, section {section}", title, body[heading.end() :] if heading else body
