"""The table that `lexfit select` prints."""

from __future__ import annotations

from typing import Any

from tabulate import tabulate


def recipe_label(recipe: dict[str, Any]) -> str:
    """The keys that set a member apart, in one line."""
    return ", ".join(f"{key}={value}" for key, value in recipe.items())


def selection_table(found: dict[str, Any]) -> str:
    """Members with inner and outer scores, and the headline, as plain text.

    Args:
        found: reports/selection.json.
    """
    rows = [
        [
            recipe_label(m["recipe"]),
            f"{m['inner']:.4f}",
            f"{m['outer']['mean']:.4f}",
            f"{m['outer']['low']:.4f} to {m['outer']['high']:.4f}",
            m["chosen_in_outer_folds"],
            "winner" if m["winner"] else "",
        ]
        for m in found["members"]
    ]
    header = ["member", "inner", "outer", "interval", "chosen in outer folds", ""]
    nested, unnested = found["nested"], found["unnested"]
    by_seed = ", ".join(f"{seed}: {value:.4f}" for seed, value in nested["by_seed"].items())
    return "\n".join(
        [
            f"{found['data']}, protocol {found['protocol']}, {found['model']}, {found['folds']} folds, nDCG@10",
            "",
            tabulate(rows, headers=header, disable_numparse=True),
            "",
            f"nested out-of-fold  {nested['mean']:.4f}  ({nested['low']:.4f} to {nested['high']:.4f}; {by_seed})",
            f"un-nested           {unnested['mean']:.4f}  (optimistic by {unnested['optimism']:+.4f})",
        ]
    )
