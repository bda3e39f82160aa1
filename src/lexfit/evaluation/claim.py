"""What a protocol claims: the scores of methods over its own queries, with intervals and paired tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lexfit.evaluation.significance import mean_interval, permutation_p
from lexfit.evaluation.trec import PerQuery, mean

if TYPE_CHECKING:
    from lexfit.config import EvaluationParams

MAIN = "ndcg_at_10"
MEASURES = ("map", "recip_rank", "p_at_10", "recall_at_10")


def compare(
    methods: dict[str, PerQuery], measures: tuple[str, ...], params: EvaluationParams, seed: int
) -> dict[str, Any]:
    """Mean nDCG@10 of each method with its interval, and the paired gain of `finetuned` over `untrained`.

    Args:
        methods: Scores by query of `bm25`, `untrained` and `finetuned`, over the same queries.
        measures: Further measures to average.
        params: Resamples and confidence level.
        seed: Of the resampling.
    """
    queries = list(methods["untrained"])
    if any(set(scores) != set(queries) for scores in methods.values()):
        raise ValueError("Methods must be scored on the same queries.")
    out: dict[str, Any] = {"queries": len(queries), "methods": {}}
    for name, per_query in methods.items():
        interval = mean_interval([per_query[q][MAIN] for q in queries], params, seed)
        out["methods"][name] = {
            MAIN: round(interval.mean, 5),
            "low": round(interval.low, 5),
            "high": round(interval.high, 5),
            **{measure: round(mean(per_query, measure), 5) for measure in measures},
        }
    differences = [methods["finetuned"][q][MAIN] - methods["untrained"][q][MAIN] for q in queries]
    gain = mean_interval(differences, params, seed)
    out["gain"] = {
        "mean": round(gain.mean, 5),
        "low": round(gain.low, 5),
        "high": round(gain.high, 5),
        "p_value": round(permutation_p(differences, params, seed), 5),
        "better": sum(d > 0 for d in differences),
        "equal": sum(d == 0 for d in differences),
        "worse": sum(d < 0 for d in differences),
    }
    return out
