"""Successive halving (Jamieson and Talwalkar 2016, AISTATS): after each rung the better half goes on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Cut(NamedTuple):
    """Who goes on after a rung, who stops, and the lowest mean that goes on."""

    kept: list[str]
    stopped: list[str]
    threshold: float


def cut(scores: Mapping[str, float]) -> Cut:
    """The better half, rounded up; of equal members the earlier name goes on.

    Args:
        scores: Mean by member, each over the same queries; at least one.
    """
    ordered = sorted(scores, key=lambda name: (-scores[name], name))
    count = math.ceil(len(ordered) / 2)
    return Cut(ordered[:count], ordered[count:], scores[ordered[count - 1]])
