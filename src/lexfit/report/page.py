"""The report as Markdown and as one HTML file that needs no network."""

from __future__ import annotations

import base64
import html
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from lexfit.report.ledger import Ledger

HERE = Path(__file__).parent
IMAGE = re.compile(r'<img src="([^":]+)"')


def strict(value: Any) -> str:
    """What a template may print: text. A number that hasn't come through the ledger is an error."""
    if not isinstance(value, str):
        raise TypeError(f"The report prints {value!r} without saying where it comes from.")
    return value


def render_markdown(facts: dict[str, Any], ledger: Ledger) -> str:
    """The report's Markdown.

    Args:
        facts: Of `report_facts`.
        ledger: Is told which section is written.

    Raises:
        jinja2.UndefinedError: A fact is missing.
        TypeError: A number would be printed without its origin.
    """

    def begin(section: str) -> str:
        ledger.section = section
        return ""

    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=strict, autoescape=False
    )
    template = environment.from_string((HERE / "report.md.j2").read_text(encoding="utf-8"))
    text = template.render(
        **facts,
        begin=begin,
        files=lambda: sorted(ledger.files.items()),
        entries=lambda: dict.fromkeys(ledger.entries),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def render_html(markdown: str, folder: Path, title: str) -> str:
    """The same as one file: style and figures inside, contents at the side, raw HTML in texts shown as text.

    Args:
        markdown: Of `render_markdown`.
        folder: Where relative images are.
        title: Of the page.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    contents: list[str] = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag == "h2":
            anchor = f"s{len(contents)}"
            opening.attrSet("id", anchor)
            contents.append(f'<li><a href="#{anchor}">{html.escape(inline.content)}</a></li>')
    body = parser.renderer.render(tokens, parser.options, {})
    body = body.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")
    body = IMAGE.sub(lambda found: f'<img loading="lazy" src="{data_uri(folder / html.unescape(found[1]))}"', body)
    shell = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined)
    return shell.from_string((HERE / "report.html.j2").read_text(encoding="utf-8")).render(
        title=html.escape(title),
        style=(HERE / "report.css").read_text(encoding="utf-8"),
        contents="\n".join(contents),
        body=body,
    )


def data_uri(path: Path) -> str:
    """A PNG's bytes as an address."""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
