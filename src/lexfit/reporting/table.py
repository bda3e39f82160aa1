"""The table that `make run` ends with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tabulate import tabulate

from lexfit.errors import explained_contents
from lexfit.io import read_json

SCORES = Path("data/mteb_results/scores.json")
FIRE = ("map", "bpref", "recip_rank", "p_at_10")
NAMES = {"untrained": "baseline (untrained)", "bm25": "BM25", "finetuned": "fine-tuned"}


def method_rows(block: dict[str, Any], confidence: str = "95 % interval") -> str:
    """Methods with nDCG@10 and interval as a plain table."""
    rows = [
        [
            NAMES[m],
            f"{block['methods'][m]['ndcg_at_10']:.4f}",
            f"{block['methods'][m]['low']:.4f} to {block['methods'][m]['high']:.4f}",
        ]
        for m in NAMES
    ]
    return tabulate(rows, headers=["method", "nDCG@10", confidence], disable_numparse=True)


def gain_line(block: dict[str, Any]) -> str:
    """The paired difference in words."""
    gain = block["gain"]
    return (
        f"gain of fine-tuning {gain['mean']:+.4f} (95 % interval {gain['low']:+.4f} to {gain['high']:+.4f}, "
        f"p = {gain['p_value']:.4f}; better on {gain['better']}, equal on {gain['equal']}, worse on {gain['worse']})"
    )


def retention_line(retention: dict[str, Any]) -> str:
    """What fine-tuning cost on tasks that have nothing to do with the target, in words."""
    mean = retention["mean"]
    if mean is None:
        return "forgetting not measured (retention=none)"
    return (
        f"retention on {', '.join(retention['tasks'])}: mean nDCG@10 {mean['base']:.4f} before, "
        f"{mean['tuned']:.4f} after fine-tuning ({mean['change']:+.4f})"
    )


def summary_table(path: Path = SCORES) -> str:
    """Scores of the last run with their protocol, and where the card and reports lie."""
    scores = read_json(path)
    with explained_contents(str(path), "Run `dvc repro --force --single-item mteb_results`"):
        return _summary(scores)


def _summary(scores: dict[str, Any]) -> str:
    claim, crossval, mteb = scores["claim"], scores["crossval"], scores["mteb"]
    lines = [f"{mteb['task']}, protocol {scores['protocol']}, seed {scores['seed']}"]
    if claim is None:
        lines += [
            "",
            f"no clean claim: {mteb['label']}",
            f"nDCG@10 as mteb scores it {mteb['methods']['finetuned']['ndcg_at_10']:.4f}",
        ]
    else:
        lines += ["", f"{claim['queries']} queries, {claim['label']}", method_rows(claim), gain_line(claim)]
    fire = scores["fire2019"]
    if fire is not None:
        rows = [[NAMES[m], *(f"{fire['methods'][m][k]:.4f}" for k in FIRE)] for m in NAMES]
        title = f"FIRE 2019 task 2, {fire['queries']} queries over all statutes, none of them trained on:"
        lines += ["", title, tabulate(rows, headers=["method", *FIRE], disable_numparse=True)]
    for source, kinds in scores["held_out"].items():
        for kind, block in kinds.items():
            what = {"all": "all documents", "seen": "documents that were targets", "unseen": "documents never a target"}
            title = f"held-out queries of {source}, {what[kind]} ({block['queries']} queries):"
            lines += ["", title, method_rows(block), gain_line(block)]
    if scores["protocol"] != "kfold" and crossval is not None:
        lines += [
            "",
            f"out of fold over the {crossval['queries']} training queries:",
            method_rows(crossval),
            gain_line(crossval),
        ]
    lines += [
        "",
        retention_line(scores["retention"]),
        "",
        "model    data/model/sentence_transformer",
        "card     reports/model_card.md",
        "report   reports/report.html, reports/report.md",
        "metrics  reports/metrics.json, reports/figures/",
    ]
    return "\n".join(lines)
