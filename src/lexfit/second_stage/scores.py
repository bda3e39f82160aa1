"""Scores of the table's rows, each paired with the first stage over the same queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lexfit.evaluation.claim import MAIN, MEASURES
from lexfit.evaluation.significance import holm, mean_interval, permutation_p
from lexfit.evaluation.trec import mean

if TYPE_CHECKING:
    from lexfit.config import EvaluationParams
    from lexfit.evaluation.significance import Interval
    from lexfit.evaluation.trec import PerQuery


def _rounded(found: Interval) -> dict[str, float]:
    return {"mean": round(found.mean, 5), "low": round(found.low, 5), "high": round(found.high, 5)}


def score_rows(rows: dict[str, PerQuery], params: EvaluationParams, seed: int) -> dict[str, Any]:
    """Mean nDCG@10 of each row with its interval, other measures, and the paired difference to the first row.

    Args:
        rows: Scores by query, over the same queries; the first row is the first stage.
        params: Resamples and confidence.
        seed: Of the resampling.
    """
    names = list(rows)
    queries = list(rows[names[0]])
    if any(set(scores) != set(queries) for scores in rows.values()):
        raise ValueError("Rows must be scored on the same queries.")
    out: dict[str, Any] = {}
    p_values = []
    for name in names:
        interval = mean_interval([rows[name][q][MAIN] for q in queries], params, seed)
        differences = [rows[name][q][MAIN] - rows[names[0]][q][MAIN] for q in queries]
        out[name] = {
            MAIN: _rounded(interval),
            **{measure: round(mean(rows[name], measure), 5) for measure in MEASURES},
        }
        if name != names[0]:
            p_values.append(permutation_p(differences, params, seed))
            out[name]["difference"] = {
                **_rounded(mean_interval(differences, params, seed)),
                "p_value": round(p_values[-1], 5),
                "better": sum(d > 0 for d in differences),
                "equal": sum(d == 0 for d in differences),
                "worse": sum(d < 0 for d in differences),
            }
    for name, value in zip(names[1:], holm(p_values), strict=True):
        out[name]["difference"]["p_holm"] = round(value, 5)
    return {"queries": len(queries), "rows": out}
