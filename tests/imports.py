"""Which lexfit modules a module runs: its imports, followed transitively, those for types only left out."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src"


def module_file(name: str) -> Path | None:
    """The file of a dotted name, if it is a lexfit module."""
    path = SOURCE / name.replace(".", "/")
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.exists():
            return candidate
    return None


def direct_imports(file: Path) -> set[Path]:
    """Files of the lexfit modules that one file imports at run time."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found: set[Path | None] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lexfit"):
            for alias in node.names:
                found.add(module_file(f"{node.module}.{alias.name}") or module_file(str(node.module)))
        elif isinstance(node, ast.Import):
            found |= {module_file(alias.name) for alias in node.names if alias.name.startswith("lexfit")}
    return {file for file in found if file is not None}


def closure(module: str) -> set[str]:
    """Paths, relative to the repository, of all lexfit modules that `module` runs, itself included."""
    start = module_file(module)
    assert start is not None, module
    seen: set[Path] = set()
    todo = [start]
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += direct_imports(file)
    return {str(file.relative_to(SOURCE.parent)) for file in seen}
