"""Tables and templates of generated Markdown pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; bars in cells are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def fill(template: Path, **values: Any) -> str:
    """A template's text with values put in; one that is missing is an error."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    return environment.from_string(template.read_text(encoding="utf-8")).render(**values)


def escape(text: str) -> str:
    """Text that Markdown is to show as it is, on one line and in a cell of a table as well."""
    line = re.sub(r"([\\`*_\[\]<>|~#&])", r"\\\1", " ".join(text.split()))
    return re.sub(r"^(\d*)([-+.)])", r"\1\\\2", line)
