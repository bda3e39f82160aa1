"""What sets recipes apart, and experiments of one recipe under several seeds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

# What may differ between the seeds of one recipe, or doesn't change scores: an audit stops a run or lets it be.
ASIDE = ("seed", "audit", "card", "runtime", "evaluation", "retention", "exports", "selection")


def recipe_of(params: dict[str, Any]) -> str:
    """What makes scores, of an experiment's params, as one string."""
    return json.dumps({k: v for k, v in params.items() if k not in ASIDE}, sort_keys=True)


def varied(recipes: Sequence[str]) -> list[dict[str, Any]]:
    """Of each recipe the keys in which the recipes differ, dotted."""
    flat = [flatten(json.loads(recipe)) for recipe in recipes]
    keys = sorted({key for one in flat for key in one})
    differing = [key for key in keys if len({json.dumps(one.get(key)) for one in flat}) > 1]
    return [{key: one.get(key) for key in differing} for one in flat]


def flatten(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted keys."""
    out: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, dict) and item:
            out |= flatten(item, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = item
    return out
