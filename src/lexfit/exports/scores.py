"""What another form of a model costs: its nDCG@10 on the benchmark against the whole model's, query by query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.evaluation.significance import mean_interval

if TYPE_CHECKING:
    from lexfit.config import EvaluationParams

PerQueryNdcg = dict[str, float]
MTEB_NAME = "ndcg_cut_10"


def ndcg_by_query(per_query: dict[str, dict[str, float]]) -> PerQueryNdcg:
    """nDCG@10 of each query, of what mteb computed for it."""
    return {query_id: float(scores[MTEB_NAME]) for query_id, scores in per_query.items()}


def against(own: PerQueryNdcg, whole: PerQueryNdcg, params: EvaluationParams, seed: int) -> dict[str, Any]:
    """Mean nDCG@10 and its paired difference to the whole model's, with a bootstrap interval over queries.

    Args:
        own: Of the other form.
        whole: Of the model in float32, through torch.
        params: Resamples and confidence level.
        seed: Of the resampling.

    Raises:
        LexfitError: The two were scored on different queries.
    """
    if own.keys() != whole.keys():
        raise LexfitError(
            "data/mteb_results/per_query.jsonl",
            "has other queries than the exports are scored on",
            "Run `dvc repro`, so that both are of one run",
        )
    change = mean_interval([own[q] - whole[q] for q in whole], params, seed)
    return {
        "ndcg_at_10": round(sum(own.values()) / len(own), 5),
        "change": round(change.mean, 5),
        "low": round(change.low, 5),
        "high": round(change.high, 5),
    }
