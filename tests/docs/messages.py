"""What the code says: its strings, with a hole for each value."""

from __future__ import annotations

import ast
from functools import cache

from tests.conftest import REPO

HOLE = "…"


@cache
def messages(hole: str = HOLE) -> list[str]:
    """Every string of lexfit, with `hole` for each value that is put into it."""
    found = []
    for path in sorted((REPO / "src/lexfit").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (str(part.value) if isinstance(part, ast.Constant) else hole for part in node.values)
                found.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found
