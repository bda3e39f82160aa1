"""Text from data is shown by a Markdown page as it is."""

from __future__ import annotations

import html
import re

import pytest
from markdown_it import MarkdownIt

from lexfit.reporting.markdown import escape, table


def shown(markdown: str) -> str:
    """The words of the rendered page."""
    return html.unescape(re.sub(r"<[^>]*>", "", MarkdownIt("commonmark").enable("table").render(markdown))).strip()


@pytest.mark.parametrize(
    "text",
    [
        "a*b* _c_ `d` [e](f) <g> \\h ~i~ #j",
        "1. not a list",
        "- neither",
        "+ nor this",
        "# no heading",
        "> no quotation",
        "AT&amp;T & &lt;",
        "![no](picture)",
        "Section 302 of the Code | murder",
        "data.train.citations.options",
    ],
)
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    assert shown(escape(text)) == text
    assert shown(f"| head |\n|---|\n| {escape(text)} |").split("\n")[-1] == text


def test_lines_become_one() -> None:
    assert escape("a\n\n  b\tc") == "a b c"


def test_bars_in_cells_are_escaped() -> None:
    assert table(["a"], [["x|y"]]).splitlines()[-1] == "| x\\|y |"
