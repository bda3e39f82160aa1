"""Which token may come next: lists of known names and nothing else, so that a model can't invent a statute."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass
class Node:
    """A prefix of names: what may follow, how many names begin so, and the name that is complete here."""

    children: dict[int, Node] = field(default_factory=dict)
    below: int = 0
    name: str | None = None


class State(NamedTuple):
    """Names that are written to their end, and the prefix that is being written."""

    names: tuple[str, ...]
    node: Node


class NameLists:
    """Lists of `count` different names with a separator between them and an end behind: a trie, walked once a name.

    Constrained decoding over a trie of names as in GENRE (De Cao et al. 2021, arXiv 2010.00904).

    Args:
        names: Tokens of each name, at least one.
        separator: The token between two names, in none of them.
        end: The token behind the last one, in none of them.
        count: Names in a list; fewer where there are fewer names.

    Raises:
        ValueError: A name is empty, two are the same, or one has the separator or the end in it.
    """

    def __init__(self, names: Mapping[str, Sequence[int]], separator: int, end: int, count: int) -> None:
        self._separator, self._end, self._count = separator, end, min(count, len(names))
        self._root = Node()
        self._tokens = {name: tuple(tokens) for name, tokens in names.items()}
        for name, tokens in self._tokens.items():
            if not tokens or {separator, end} & set(tokens):
                raise ValueError(f"{name} is empty or holds a token that ends names.")
            for node in self._path(tokens, grow=True):
                node.below += 1
            last = self._path(tokens)[-1]
            if last.name is not None:
                raise ValueError(f"{name} and {last.name} have the same tokens.")
            last.name = name

    def _path(self, tokens: Sequence[int], *, grow: bool = False) -> list[Node]:
        path = [self._root]
        for token in tokens:
            if grow:
                path[-1].children.setdefault(token, Node())
            path.append(path[-1].children[token])
        return path

    def read(self, written: Sequence[int]) -> State:
        """What a list holds so far.

        Raises:
            KeyError: It isn't one that `allowed` leads to.
        """
        names: list[str] = []
        node = self._root
        for token in written:
            if token not in (self._separator, self._end):
                node = node.children[token]
            elif node.name is not None:
                names.append(node.name)
                node = self._root
            elif token == self._separator or len(names) < self._count:
                raise KeyError(token)
        return State(tuple(names), node)

    def allowed(self, written: Sequence[int]) -> list[int]:
        """Tokens that may follow, at least one; after the end, the end again."""
        names, node = self.read(written)
        if len(names) == self._count:
            return [self._end]
        used: dict[int, int] = {}
        for name in names:
            for step in self._path(self._tokens[name]):
                used[id(step)] = used.get(id(step), 0) + 1
        found = [t for t, child in node.children.items() if child.below > used.get(id(child), 0)]
        if node.name is not None and node.name not in names:
            found.append(self._end if len(names) + 1 == self._count else self._separator)
        return found
