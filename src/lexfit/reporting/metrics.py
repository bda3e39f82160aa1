"""The few numbers that `dvc metrics diff` shows."""

from __future__ import annotations

from typing import Any

METHODS = ("bm25", "untrained", "finetuned")


def _comparison(block: dict[str, Any]) -> dict[str, float]:
    out = {f"{name}_ndcg_at_10": block["methods"][name]["ndcg_at_10"] for name in METHODS}
    gain = block["gain"]
    return {
        **out,
        "finetuned_low": block["methods"]["finetuned"]["low"],
        "finetuned_high": block["methods"]["finetuned"]["high"],
        "gain": gain["mean"],
        "gain_low": gain["low"],
        "gain_high": gain["high"],
        "gain_p_value": gain["p_value"],
    }


def headline_metrics(scores: dict[str, Any]) -> dict[str, Any]:
    """Metrics of a run from its scores.

    `claim` is the protocol's own, clean score (absent under all_labels, which makes none); `crossval` is
    out-of-fold over the training queries (absent with `crossval.run: false`); `held_out` is over queries of further
    sources that never trained, by source; `mteb` is the task as the leaderboard scores it, where `clean`
    is 1 only if the model saw none of its queries; `retention` is the mean over tasks that have nothing to
    do with the target (absent if none is scored); `tasks` are further tasks of mteb; `part` says how little was
    evaluated, where it wasn't all.
    """
    mteb = scores["mteb"]
    metrics: dict[str, Any] = {
        "protocol": scores["protocol"],
        "mteb": {
            **{f"{name}_ndcg_at_10": mteb["methods"][name]["ndcg_at_10"] for name in METHODS},
            "clean": int(mteb["clean"]),
        },
    }
    if scores["crossval"] is not None:
        metrics["crossval"] = _comparison(scores["crossval"])
    for source, kinds in scores["held_out"].items():
        metrics.setdefault("held_out", {})[source] = {kind: _comparison(block) for kind, block in kinds.items()}
    if scores["retention"]["mean"] is not None:
        tasks = {name: task["change"] for name, task in scores["retention"]["tasks"].items()}
        metrics["retention"] = {**scores["retention"]["mean"], "change_by_task": tasks}
    for name, task in scores["tasks"].items():
        metrics.setdefault("tasks", {})[name] = {**_comparison(task), "clean": int(task["clean"])}
    if scores["part"] is not None:
        metrics["part"] = scores["part"]
    claim = scores["claim"]
    if claim is not None:
        metrics["claim"] = _comparison(claim)
    fire = claim if scores["protocol"] == "fire2019" else scores["fire2019"]
    if fire is not None:
        metrics["fire2019"] = {
            f"{name}_{measure}": fire["methods"][name][measure]
            for name in METHODS
            for measure in ("map", "bpref", "recip_rank", "p_at_10")
        }
    return metrics
