"""Where a model errs: relevant statutes that are found, by the Act that they stand in; queries by their length."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from lexfit.evaluation.runs import order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from lexfit.evaluation.runs import Run

DEPTH = 10
# First articles of the Parts of the Constitution of India, by its own table of contents.
PARTS = (
    (1, "Part I, Union and territory"),
    (5, "Part II, citizenship"),
    (12, "Part III, fundamental rights"),
    (36, "Parts IV and IVA, directive principles and duties"),
    (52, "Part V, the Union"),
    (152, "Part VI, the States"),
    (239, "Part VIII, Union territories"),
    (243, "Parts IX to IXB, panchayats, municipalities, co-operatives"),
    (244, "Part X, scheduled areas"),
    (245, "Part XI, Union and States"),
    (264, "Part XII, finance, property, contracts"),
    (301, "Part XIII, trade"),
    (308, "Parts XIV and XIVA, services and tribunals"),
    (324, "Part XV, elections"),
    (330, "Part XVI, special provisions for classes"),
    (343, "Part XVII, languages"),
    (352, "Part XVIII, emergency"),
    (361, "Part XIX, miscellaneous"),
    (368, "Part XX, amendment"),
    (369, "Parts XXI and XXII, transitional"),
)


def part_of_constitution(article: str) -> str | None:
    """The Part that an article stands in, by its number; None for what has none (the preamble, say)."""
    found = re.match(r"\d+", article)
    if found is None:
        return None
    place = bisect_right([first for first, _ in PARTS], int(found[0])) - 1
    return PARTS[place][1] if place >= 0 else None


def found_by_group(
    runs: Mapping[str, Run], relevant: Mapping[str, Set[str]], group_of: Mapping[str, str]
) -> dict[str, dict[str, list[tuple[int, int]]]]:
    """By group and method, for each query: how many relevant documents are among the first ten, of how many.

    Args:
        runs: Rankings of the same queries, by method.
        relevant: Relevant documents by query.
        group_of: A document's group; documents without one are left out.
    """
    found: dict[str, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for method, run in runs.items():
        for query, scores in run.items():
            top = set(order(scores)[:DEPTH])
            own: dict[str, set[str]] = defaultdict(set)
            for document in relevant.get(query, ()):
                if document in group_of and document in scores:
                    own[group_of[document]].add(document)
            for group, documents in own.items():
                found[group][method].append((len(documents & top), len(documents)))
    return {group: dict(methods) for group, methods in found.items()}


def share(
    counts: Sequence[tuple[int, int]], resamples: int, confidence: float, seed: int
) -> tuple[float, float, float]:
    """Share of found documents with a percentile bootstrap interval over queries.

    Args:
        counts: Found and all, a pair for each query.
        resamples: How many.
        confidence: Level of the interval.
        seed: Of the resampling.
    """
    array = np.asarray(counts, dtype=float)  # (queries, 2)
    draws = np.random.default_rng(seed).integers(0, len(array), (resamples, len(array)))
    sums = array[draws].sum(axis=1)  # (resamples, 2)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [(1 - confidence) / 2, (1 + confidence) / 2])
    whole = array.sum(axis=0)
    return float(whole[0] / whole[1]), float(low), float(high)


def quarters(lengths: Mapping[str, int]) -> list[list[str]]:
    """Queries in four groups of rising length, as equal as may be; fewer where there are fewer queries."""
    ordered = sorted(lengths, key=lambda query: (lengths[query], query))
    count = min(4, len(ordered))
    return [list(chunk) for chunk in np.array_split(np.asarray(ordered, dtype=object), count)] if count else []
