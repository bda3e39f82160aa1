"""Which modules a lexfit module runs: its imports, those within functions too, those for types only left out."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]


def module_file(name: str) -> Path | None:
    """The file of a dotted name, if it is a lexfit module."""
    path = SOURCE / name.replace(".", "/")
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.exists():
            return candidate
    return None


def _run_imports(file: Path) -> list[ast.Import | ast.ImportFrom]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    return [
        node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in skipped
    ]


@cache
def direct_imports(file: Path) -> frozenset[Path]:
    """Files of the lexfit modules that one file imports at run time."""
    found: set[Path | None] = set()
    for node in _run_imports(file):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lexfit"):
            for alias in node.names:
                found.add(module_file(f"{node.module}.{alias.name}") or module_file(str(node.module)))
        elif isinstance(node, ast.Import):
            found |= {module_file(alias.name) for alias in node.names if alias.name.startswith("lexfit")}
    return frozenset(file for file in found if file is not None)


def closure(module: str) -> set[Path]:
    """Files of all lexfit modules that `module` runs, itself included."""
    start = module_file(module)
    if start is None:
        raise ValueError(f"{module} is no module of lexfit.")
    seen: set[Path] = set()
    todo = [start]
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += direct_imports(file)
    return seen


def with_packages(files: set[Path]) -> set[Path]:
    """The files, and the `__init__.py` of every package that they are in."""
    found = set(files)
    for file in files:
        parents = [parent for parent in file.parents if parent != SOURCE and SOURCE in parent.parents]
        found |= {parent / "__init__.py" for parent in parents if (parent / "__init__.py").exists()}
    return found


def foreign_imports(files: set[Path]) -> set[str]:
    """Top-level names that files import at run time, beside lexfit's own and the standard library's."""
    names: set[str] = set()
    for node in (node for file in files for node in _run_imports(file)):
        if isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
        else:
            names |= {alias.name.partition(".")[0] for alias in node.names}
    return names - set(sys.stdlib_module_names) - {"lexfit", "__future__", ""}
