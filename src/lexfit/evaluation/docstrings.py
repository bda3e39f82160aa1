"""Docstrings of the standard library: text about programming, on every machine that runs lexfit."""

from __future__ import annotations

import ast
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Tests, tables, and what distributions of Python leave out or package apart.
SKIPPED = {
    *("test", "tests", "idle_test", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "venv"),
    *("distutils", "encodings", "pydoc_data", "msilib", "sqlite3", "dbm"),
}
SENTENCE_END = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!etc)[.!?](?=\s+[^a-z\s])")


def library_files(root: Path) -> list[Path]:
    """Source files of the standard library below `root`, without `SKIPPED` and whatever else is installed there."""
    names = sys.stdlib_module_names - SKIPPED
    found = [root / f"{name}.py" for name in names]
    found += [file for name in names for file in (root / name).rglob("*.py")]
    return sorted(f for f in found if f.is_file() and SKIPPED.isdisjoint(f.relative_to(root).parts))


def _documented(node: ast.AST, prefix: str) -> Iterator[tuple[str, str]]:
    """Dotted name and docstring of each function and class below `node`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}.{child.name}"
            if docstring := ast.get_docstring(child):
                yield name, docstring
            yield from _documented(child, name)
        elif isinstance(child, ast.stmt):
            yield from _documented(child, prefix)


def split_docstring(docstring: str) -> tuple[str, str]:
    """The first sentence (at most the first paragraph), and the rest."""
    paragraph = " ".join(re.split(r"\n\s*\n", docstring.strip(), maxsplit=1)[0].split())
    end = SENTENCE_END.search(paragraph)
    sentence = paragraph[: end.end()] if end else paragraph
    return sentence, " ".join(docstring.split())[len(sentence) :].strip()


def docstring_pairs(root: Path) -> Iterator[tuple[str, str, str]]:
    """Name, first sentence and rest of each docstring; sources are parsed, and nothing is imported."""
    for file in library_files(root):
        module = ".".join(file.relative_to(root).with_suffix("").parts)
        for name, docstring in _documented(ast.parse(file.read_bytes()), module):
            yield name, *split_docstring(docstring)
