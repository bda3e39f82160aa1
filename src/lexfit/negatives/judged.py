"""Documents judged not relevant as hard negatives, before any that a miner found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lexfit.negatives.mining import Mined, negative_weight

if TYPE_CHECKING:
    from lexfit.config import NegativesParams


def judged_first(
    query: dict[str, Any], mined: tuple[list[dict[str, Any]], dict[str, int]], params: NegativesParams
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """What `mine_query` gave, with the documents judged 0 in front if `judged` is among the miners.

    Those that another miner found too come first, in its order, then the others in the order of the judgements. The
    count stays at most `per_query`: judged ones beyond it, and mined ones that they displace, are counted.

    Args:
        query: A record of data/pairs/train/queries.jsonl; `not_relevant` has its documents judged 0, if any.
        mined: Records and counts of what was dropped.
        params: The section `negatives`.
    """
    records, dropped = mined
    if "judged" not in params.miners:
        return mined
    positives = set(query["positives"])
    views = {r["doc_id"]: r["miners"] for r in records}
    judged = [d for d in query.get("not_relevant", []) if d not in positives]
    known = set(judged)
    order = [d for d in views if d in known] + [d for d in judged if d not in views]
    kept = order[: params.per_query]
    others = [d for d in views if d not in known]
    room = others[: params.per_query - len(kept)]
    place = {doc_id: rank for rank, doc_id in enumerate(judged, 1)}
    chosen = [(d, {"judged": Mined(place[d], None, None)._asdict(), **views.get(d, {})}) for d in kept]
    chosen += [(d, views[d]) for d in room]
    fresh = [
        {
            "query_id": query["id"],
            "doc_id": doc_id,
            "rank": rank,
            "weight": negative_weight(params.weighting, rank, len(chosen)),
            "miners": by_miner,
        }
        for rank, (doc_id, by_miner) in enumerate(chosen, 1)
    ]
    return fresh, {**dropped, "judged_beyond": len(order) - len(kept), "displaced": len(others) - len(room)}
