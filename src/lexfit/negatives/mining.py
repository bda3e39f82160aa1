"""Selection of hard negatives from miners' scores: ranks, margins, fusion, and never a known positive."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lexfit.config import NegativesParams

RRF_K = 60


class Mined(NamedTuple):
    """A miner's view of one negative: its rank among the query's non-positives, and the scores."""

    rank: int
    score: float | None
    positive_score: float | None


def rank_candidates(
    scores: dict[str, float], positives: set[str], params: NegativesParams, documents: int | None = None
) -> tuple[dict[str, Mined], dict[str, int]]:
    """The documents that pass the rank range and the margins, with counts of those dropped and why.

    Args:
        scores: One miner's scores for one query: of every document, or at least of the `rank_max` best that are
            no positives and of the positives.
        positives: Known positives of the query; none of them is ever returned.
        params: `rank_min`, `rank_max`, `absolute_margin`, `relative_margin`. Margins are to the query's
            best-scored positive: a negative must score at most `positive - absolute_margin` and at most
            `positive - relative_margin * |positive|`, as in positive-aware mining (Moreira et al. 2024,
            arXiv 2407.15831).
        documents: How many were scored, where `scores` holds only the best.
    """
    best = max((scores[d] for d in positives if d in scores), default=None)
    limit = float("inf")
    if best is not None:
        if params.absolute_margin is not None:
            limit = min(limit, best - params.absolute_margin)
        if params.relative_margin is not None:
            limit = min(limit, best - params.relative_margin * abs(best))
    ranked = sorted((d for d in scores if d not in positives), key=lambda d: (-scores[d], d))
    in_range = ranked[params.rank_min - 1 : params.rank_max]
    others = len(ranked) if documents is None else documents - len(positives & scores.keys())
    dropped = {"rank": others - len(in_range), "margin": 0}
    kept: dict[str, Mined] = {}
    for rank, doc_id in enumerate(in_range, params.rank_min):
        if scores[doc_id] > limit:
            dropped["margin"] += 1
        else:
            kept[doc_id] = Mined(rank, round(scores[doc_id], 6), None if best is None else round(best, 6))
    return kept, dropped


class Pool:
    """The documents of one source, by place and by id: what a query's negatives are drawn from."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        self.place = {doc_id: place for place, doc_id in enumerate(ids)}

    def known(self, positives: Iterable[str]) -> list[int]:
        """Places of those of the positives that are among the documents, rising."""
        return sorted(self.place[doc_id] for doc_id in positives if doc_id in self.place)


def draw_random(pool: Pool, positives: set[str], count: int, seed: str) -> dict[str, Mined]:
    """`count` documents drawn evenly without replacement; the rank is the order of the draw.

    Takes no time that grows with the documents: a draw is a place among those that are no positives.
    """
    known = pool.known(positives)
    free = range(len(pool.ids) - len(known))
    found = {}
    for rank, drawn in enumerate(random.Random(seed).sample(free, min(count, len(free))), 1):
        place = drawn
        for taken in known:
            place += taken <= place
        found[pool.ids[place]] = Mined(rank, None, None)
    return found


def fuse(mined: dict[str, dict[str, Mined]], count: int) -> list[tuple[str, dict[str, Mined]]]:
    """The union of miners' negatives by reciprocal rank fusion (Cormack et al. 2009, SIGIR), best first.

    Args:
        mined: Negatives by miner.
        count: How many to keep.
    """
    totals: dict[str, float] = {}
    for found in mined.values():
        for doc_id, item in found.items():
            totals[doc_id] = totals.get(doc_id, 0.0) + 1 / (RRF_K + item.rank)
    best = sorted(totals, key=lambda d: (-totals[d], d))[:count]
    return [(d, {miner: found[d] for miner, found in mined.items() if d in found}) for d in best]


def negative_weight(weighting: str, rank: int, count: int) -> float:
    """A negative's weight in the softmax: 1 if `uniform`; if `rank`, falling as 1/rank with mean 1.

    Args:
        weighting: `uniform` or `rank`.
        rank: From 1.
        count: Negatives of the query.
    """
    if weighting == "uniform":
        return 1.0
    return round(count / (rank * sum(1 / r for r in range(1, count + 1))), 6)


def mine_query(
    query: dict[str, Any],
    pool: Pool,
    scorers: dict[str, Callable[[str], dict[str, float]]],
    params: NegativesParams,
    seed: int,
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Negatives of one training query as records, and counts of what was dropped.

    Args:
        query: A record of data/pairs/train/queries.jsonl.
        pool: The documents of the query's own source.
        scorers: For `bm25` and `dense`, a function from query id to scores, of those documents that `rank_candidates`
            needs.
        params: Which miners, how many, which ranks and margins.
        seed: For the random miner; each query draws from its own stream.
    """
    positives = set(query["positives"])
    mined: dict[str, dict[str, Mined]] = {}
    dropped = {"rank": 0, "margin": 0, "known_positive": len(pool.known(positives))}
    for miner in params.miners:
        if miner == "judged":  # see `lexfit.negatives.judged`
            continue
        if miner == "random":
            mined[miner] = draw_random(pool, positives, params.per_query, f"{seed}/{query['id']}")
            continue
        mined[miner], counts = rank_candidates(scorers[miner](query["id"]), positives, params, len(pool.ids))
        for reason, number in counts.items():
            dropped[reason] += number
    best = fuse(mined, params.per_query)
    records = [
        {
            "query_id": query["id"],
            "doc_id": doc_id,
            "rank": rank,
            "weight": negative_weight(params.weighting, rank, len(best)),
            "miners": {miner: item._asdict() for miner, item in views.items()},
        }
        for rank, (doc_id, views) in enumerate(best, 1)
    ]
    return records, dropped
