"""What moved between two rankings of the same statutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["new", "up", "same", "down", "dropped"]


class Move(NamedTuple):
    """A statute's rank before and after, counted from 1.

    `new` is among the first k only after, `dropped` only before; the others are there both times.
    """

    id: str
    before: int
    after: int
    kind: Kind


def moves(before: Sequence[str], after: Sequence[str], k: int) -> list[Move]:
    """The statutes among the first `k` of either ranking: those after in their order, then what dropped in its own.

    Args:
        before: Ids of all statutes, the best first.
        after: The same ids in another order.
        k: At least 1.
    """
    was = {key: rank for rank, key in enumerate(before, 1)}
    now = {key: rank for rank, key in enumerate(after, 1)}
    if was.keys() != now.keys():
        raise ValueError("Both rankings must be of the same statutes.")
    shown = [*after[:k], *(key for key in before[:k] if now[key] > k)]
    return [Move(key, was[key], now[key], _kind(was[key], now[key], k)) for key in shown]


def _kind(before: int, after: int, k: int) -> Kind:
    if after > k:
        return "dropped"
    if before > k:
        return "new"
    return "same" if before == after else ("up" if after < before else "down")
