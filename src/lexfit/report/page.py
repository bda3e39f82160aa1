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

from lexfit.report.ledger import Printed
from lexfit.reporting.markdown import escape
from lexfit.stages.common import REPORTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from markdown_it.token import Token

    from lexfit.report.ledger import Ledger

HERE = Path(__file__).parent
SECTIONS = {
    "claim": "What is claimed, and how sure · 结论与可信度",
    "data": "Data and licences · 数据与许可",
    "cleaning": "Cleaning · 数据清洗",
    "protocol": "Protocol · 评测协议",
    "method": "Method · 方法",
    "results": "Results · 结果",
    "comparison": "Comparison, query by query · 逐条查询比较",
    "errors": "Error analysis · 错误分析",
    "training": "Training curves · 训练曲线",
    "ablations": "Ablations · 消融实验",
    "audit": "Audit · 数据泄漏审计",
    "cost": "Cost · 成本",
    "reproduce": "How to do it again · 复现步骤",
    "negative": "What didn't work · 负面结果",
    "sources": "Where the numbers come from · 数字来源",
}
FIGURE = re.compile(r'<p><img src="(figures/[\w./-]+)" alt="([^"]*)" ?/?></p>')
LINKED = re.compile(r"\]\((figures/[\w./-]+)\)")
# What the appendix lists is long: in the page it opens on demand.
FOLDED = re.compile(r"<h3>(Every number[^<]*)</h3>(.*?</table></div>)", re.DOTALL)
SHORT = re.compile(r"<(t[dh])([^>]*)>([^<]{1,24})</")  # cells that are read best in one line
UNUSED_ID = re.compile(r' id="(?:figure|axes|patch|line2d|text|legend|xtick|ytick|matplotlib\.axis|\w*Collection)_\d+"')


class Templates(jinja2.Environment):
    """The sections' templates. What a macro returns has been through `finalize` piece by piece."""

    @staticmethod
    def concat(parts: Iterable[str]) -> Printed:
        """Join what a template or macro writes."""
        return Printed("".join(parts))


def templates_of(ledger: Ledger) -> Templates:
    """The sections' templates, each value let in by the ledger; one that is missing is an error."""
    return Templates(
        loader=jinja2.FileSystemLoader(HERE / "sections"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=ledger.print,
        autoescape=False,
        cache_size=0,
    )


def render_markdown(facts: dict[str, Any], ledger: Ledger) -> str:
    """The report's Markdown.

    Args:
        facts: Of `report_facts`.
        ledger: Lets each value in, section by section.

    Raises:
        jinja2.UndefinedError: A fact is missing.
        TypeError: A number would be printed without its origin.
    """
    templates = templates_of(ledger)
    written = []
    for number, (name, title) in enumerate({"abstract": "", **SECTIONS}.items()):
        ledger.section = str(number) if number else "abstract"
        heading = f"## {number} {title}\n\n" if number else ""
        template = templates.get_template(f"{name}.md.j2")
        text = template.render(**facts, files=lambda: file_rows(ledger), entries=lambda: entry_rows(ledger))
        for figure in LINKED.findall(text):
            ledger.show(REPORTS / figure)
        written.append(heading + re.sub(r"\n{3,}", "\n\n", text).strip())
    return "\n\n".join(written) + "\n"


def file_rows(ledger: Ledger) -> Iterator[list[Printed]]:
    """Rows of the appendix: a file that was printed from, the sections that use it, its hash."""
    for file, sections in sorted(ledger.uses.items()):
        yield [Printed(file), Printed(", ".join(sections)), Printed(ledger.files[file])]


def entry_rows(ledger: Ledger) -> Iterator[list[Printed]]:
    """Rows of the appendix: section, printed text, files, key or rule."""
    for entry in dict.fromkeys(ledger.entries):
        files = ", ".join(f"`{file}`" for file in entry.files)
        yield [Printed(entry.section), Printed(entry.text), Printed(files), Printed(escape(entry.key))]


def render_html(markdown: str, folder: Path, title: str) -> str:
    """The same as one file: style and figures inside, contents at the side, raw HTML in texts shown as text.

    Args:
        markdown: Of `render_markdown`.
        folder: Where relative images are.
        title: Of the page.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    contents = "\n".join(anchored(tokens))
    body = parser.renderer.render(tokens, parser.options, {})
    body = body.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")
    body = SHORT.sub(r'<\1 class="short"\2>\3</', body)
    body = FIGURE.sub(lambda found: figure(folder / html.unescape(found[1]), found[2]), body)
    body = FOLDED.sub(r"<details><summary>\1</summary>\2\n</details>", body)
    shell = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined)
    return shell.from_string((HERE / "report.html.j2").read_text(encoding="utf-8")).render(
        title=html.escape(title), style=(HERE / "report.css").read_text(encoding="utf-8"), contents=contents, body=body
    )


def anchored(tokens: Sequence[Token]) -> list[str]:
    """Give second-level headings an anchor; the lines of a table of contents."""
    lines: list[str] = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag == "h2":
            anchor = f"s{len(lines)}"
            opening.attrSet("id", anchor)
            lines.append(f'<li><a href="#{anchor}">{html.escape(inline.content)}</a></li>')
    return lines


def figure(path: Path, caption: str) -> str:
    """A figure with its caption, `caption` in HTML: the SVG beside the PNG takes the page's colours, else the PNG."""
    drawing = path.with_suffix(".svg")
    if drawing.exists():
        text = drawing.read_text(encoding="utf-8")
        image = UNUSED_ID.sub("", text[text.index("<svg") :]).replace("<svg", '<svg role="img"', 1)
    else:
        data = base64.b64encode(path.read_bytes()).decode()
        image = f'<img alt="{caption}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"
