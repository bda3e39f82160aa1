"""Sections of Indian Central Acts as queries and documents: law near the target, but none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.corpus.acts.sections import ENVIRONMENT, SECTIONS, locate_sections, read_sections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["ENVIRONMENT", "SECTIONS", "find_sections", "section_pairs"]


def find_sections(given: str | None) -> Path:
    """The file of sections, which `retention.central_acts` or else the environment variable names, or its folder."""
    remedy = ", or do without: `-S retention=docstrings`"
    return locate_sections(given, "retention.central_acts", "task central_acts", remedy)


def section_pairs(data: bytes, where: str) -> Iterator[tuple[str, str, str]]:
    """Act with section number, title, and text of each section, without the title that a text may begin with.

    Args:
        data: Gzipped JSONL of `act`, `section`, `title`, `text`.
        where: The file, for errors.
    """
    for section in read_sections(data, where):
        yield f"{section.act}, section {section.number}", section.title, section.text
