"""The winner of a sweep, paired with the runner-up and with the default: pure functions of scores by query."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.evaluation.significance import mean_interval, permutation_p

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lexfit.config import EvaluationParams

RULE = (
    "The winner has the highest mean among the members that ran to the end; of equal ones the first. The scores are "
    "of training queries by models that never saw them. No score that is claimed or tested takes part, and since this "
    "score chose, the winner's own is too good by that: the claim is what its run scores on queries that chose nothing."
)


def ranked(scores: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Members by falling mean; equal ones by name.

    Args:
        scores: nDCG@10 by member and query.

    Raises:
        LexfitError: Members are scored over different queries.
    """
    first = next(iter(scores.values()), {})
    for name, own in scores.items():
        if own.keys() != first.keys():
            problem = f"is scored over {len(own)} queries, others over {len(first)} that aren't the same"
            raise LexfitError(name, problem, "Members of one sweep need the same data: leave that key out of the space")
    return sorted(scores, key=lambda name: (-mean(scores[name].values()), name))


def interval(own: Mapping[str, float], params: EvaluationParams, seed: int) -> dict[str, float]:
    """A mean over queries with its interval."""
    found = mean_interval([own[query] for query in sorted(own)], params, seed)
    return {"mean": round(found.mean, 5), "low": round(found.low, 5), "high": round(found.high, 5)}


def paired(own: Mapping[str, float], other: Mapping[str, float], params: EvaluationParams, seed: int) -> dict[str, Any]:
    """The difference of two members by query: mean with interval, p of a paired randomisation test, wins and losses."""
    differences = {query: own[query] - other[query] for query in own}
    return {
        **interval(differences, params, seed),
        "p_value": round(permutation_p([differences[q] for q in sorted(differences)], params, seed), 5),
        "better": sum(d > 0 for d in differences.values()),
        "equal": sum(d == 0 for d in differences.values()),
        "worse": sum(d < 0 for d in differences.values()),
    }


def choose(
    scores: Mapping[str, Mapping[str, float]], default: str, params: EvaluationParams, seed: int
) -> dict[str, Any] | None:
    """The winner with its evidence; None where no member ran to the end.

    Args:
        scores: nDCG@10 by finished member and query.
        default: Name of the member without changes, if it finished.
        params: Resamples, permutations and confidence.
        seed: Of both.
    """
    order = ranked(scores)
    if not order:
        return None
    winner = order[0]
    found: dict[str, Any] = {"member": winner, "rule": RULE, "against_runner_up": None, "against_default": None}
    if len(order) > 1:
        difference = paired(scores[winner], scores[order[1]], params, seed)
        found["against_runner_up"] = {"member": order[1], **difference}
    if default in scores and winner != default:
        found["against_default"] = {"member": default, **paired(scores[winner], scores[default], params, seed)}
    return found
