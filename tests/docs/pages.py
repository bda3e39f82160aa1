"""What the Markdown pages hold: code blocks with their commands, code in running text, headings, tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.conftest import REPO

README, CHINESE = REPO / "README.md", REPO / "README.zh-CN.md"
GUIDE = sorted((REPO / "docs").glob("*.md"))
PAGES = [README, CHINESE, *GUIDE]
COMMENT = re.compile(r"\s{2,}# .*$")


@dataclass(frozen=True)
class Command:
    """A command as it is typed, on one line and without a comment, and the lines shown below it."""

    text: str
    output: tuple[str, ...] = ()

    @property
    def error(self) -> str | None:
        """The error of lexfit that is shown, without `ERROR: ` or the name of the stage that found it."""
        for number, line in enumerate(self.output):
            if line.startswith("ERROR: "):
                return line.removeprefix("ERROR: ")
            if line.startswith("ERROR in stage "):
                return self.output[number + 1].strip()
        return None


@dataclass(frozen=True)
class Block:
    """A code block: where it stands (`file:line`), its language, its text."""

    place: str
    language: str
    text: str

    @property
    def commands(self) -> list[Command]:
        """Lines behind `$ `, continued where one ends in a backslash."""
        found: list[tuple[str, list[str]]] = []
        lines = iter(self.text.splitlines())
        for line in lines:
            if line.startswith("$ "):
                typed = line[2:]
                while typed.endswith("\\"):
                    typed = f"{typed[:-1].rstrip()} {next(lines).strip()}"
                found.append((COMMENT.sub("", typed), []))
            elif found:
                found[-1][1].append(line)
        return [Command(text, tuple(output)) for text, output in found]


@cache
def tokens(page: Path) -> list[Token]:
    """The page as CommonMark with tables."""
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def blocks(page: Path) -> list[Block]:
    """The code blocks of a page, in order."""
    return [
        Block(f"{page.relative_to(REPO)}:{token.map[0] + 1}", token.info.strip(), token.content)
        for token in tokens(page)
        if token.type == "fence" and token.map
    ]


def inline_code(page: Path) -> list[str]:
    """Code in running text and in tables, in order."""
    children = (child for token in tokens(page) for child in token.children or [])
    return [child.content for child in children if child.type == "code_inline"]


def links(page: Path) -> list[str]:
    """Addresses of links and images, in order."""
    children = (child for token in tokens(page) for child in token.children or [])
    found = (child.attrGet({"link_open": "href", "image": "src"}.get(child.type, "")) for child in children)
    return [str(address) for address in found if address]


def headings(page: Path) -> list[tuple[str, str]]:
    """Level (`h2`) and text of each heading."""
    stream = iter(tokens(page))
    return [(token.tag, next(stream).content) for token in stream if token.type == "heading_open"]


def tables(page: Path) -> list[list[list[str]]]:
    """Cells of each table by row, the header first."""
    found: list[list[list[str]]] = []
    cell = False
    for token in tokens(page):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in {"th_open", "td_open"}:
            cell = True
        elif cell and token.type == "inline":
            found[-1][-1].append(token.content)
            cell = False
    return found


def texts(page: Path) -> list[str]:
    """Every paragraph, heading, list item and cell, as it is written; no code blocks."""
    return [token.content for token in tokens(page) if token.type == "inline"]


def numbers(text: str) -> list[str]:
    """Numbers as they are written, sorted; separators of thousands and signs belong to them."""
    return sorted(re.findall(r"[+-]?\d+(?:,\d{3})*(?:\.\d+)?|[+-]?\.\d+", text))


def all_commands(pages: list[Path]) -> Iterator[tuple[Block, Command]]:
    """Every command of every block of the pages."""
    for page in pages:
        for block in blocks(page):
            for command in block.commands:
                yield block, command
