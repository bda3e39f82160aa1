"""The scores of a run: the benchmark's, the protocol's claim, the out-of-fold ones, each with its label."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lexfit.corpus.protocols import claims
from lexfit.evaluation.claim import MAIN, MEASURES, compare
from lexfit.evaluation.trec import PerQuery, evaluate, qrels_of

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.corpus.records import Collection
    from lexfit.evaluation.runs import Run

PerQueryRows = list[dict[str, Any]]


def finite(scores: dict[str, Any]) -> dict[str, float]:
    """The scores that are finite numbers.

    mteb gives NaN where a measure has no value (an abstention curve of equal scores, a missing cut), which
    JSON has no word for.
    """
    return {k: v for k, v in scores.items() if isinstance(v, int | float) and math.isfinite(v)}


def benchmark_block(protocol: str, task: str, queries: int, methods: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The task as the leaderboard scores it, by method, labelled clean or contaminated."""
    clean, label = claims(protocol, "task")
    shown = {name: finite(scores) for name, scores in methods.items()}
    return {"task": task, "queries": queries, "clean": clean, "label": label, "methods": shown}


def held_out_scores(
    protocol: str, collection: Collection, runs: dict[str, Run], queries: set[str]
) -> dict[str, PerQuery]:
    """Scores by method and query over the held-out queries.

    The FIRE track scores over its full gold, the statute without text included; elsewhere relevance is
    that of documents with text, as mteb counts it.
    """
    qrels = qrels_of(collection.judgements, sorted(queries))
    if protocol != "fire2019":
        present = {d.id for d in collection.documents}
        qrels = {q: {d: s for d, s in docs.items() if d in present} for q, docs in qrels.items()}
    return {name: evaluate(run, qrels) for name, run in runs.items()}


def held_out_claim(params: Params, scored: dict[str, PerQuery]) -> tuple[dict[str, Any], PerQueryRows]:
    """The claim of a protocol that holds queries out, and its scores by query."""
    protocol = params.protocol.name
    measures = (*MEASURES, "bpref") if protocol == "fire2019" else MEASURES
    clean, label = claims(protocol, "test")
    block = {"clean": clean, "label": label, **compare(scored, measures, params.evaluation, params.seed)}
    rows = [{"query_id": q, **{m: round(scored[m][q][MAIN], 5) for m in scored}} for q in scored["finetuned"]]
    return block, rows


def held_out_sources(
    params: Params, runs: dict[str, Run], queries: list[dict[str, Any]], documents: list[dict[str, Any]]
) -> dict[str, Any]:
    """Scores over the held-out queries of further sources: what is learned beyond the texts that trained.

    Args:
        params: evaluation and seed are used.
        runs: Rankings of those queries over all documents of their source, by method.
        queries: Records of data/pairs/eval/further.jsonl.
        documents: Records of data/pairs/eval/further_documents.jsonl.

    Returns:
        For each source: `all` positives, those that were targets in training (`seen`), and the others (`unseen`);
        queries without such a positive are left out, and so is a kind that no query has. Positives of the other kind
        are taken out of a query's ranking: they are no wrong answers.
    """
    trained = {d["id"]: d["trained"] for d in documents}
    out: dict[str, Any] = {}
    for source in sorted({q["source"] for q in queries}):
        own = [q for q in queries if q["source"] == source]
        for kind, wanted in (("all", {True, False}), ("seen", {True}), ("unseen", {False})):
            qrels = {q["id"]: {d: 1 for d in q["positives"] if trained[d] in wanted} for q in own}
            qrels = {query: judged for query, judged in qrels.items() if judged}
            other = {q["id"]: set(q["positives"]) - qrels.get(q["id"], {}).keys() for q in own}
            if qrels:
                ranked = {
                    name: {q: {d: s for d, s in run[q].items() if d not in other[q]} for q in qrels}
                    for name, run in runs.items()
                }
                scored = {name: evaluate(run, qrels) for name, run in ranked.items()}
                out.setdefault(source, {})[kind] = compare(scored, MEASURES, params.evaluation, params.seed)
    return out


def out_of_fold_claim(crossval: dict[str, Any]) -> dict[str, Any]:
    """The claim of `kfold`: the out-of-fold scores themselves."""
    label = "clean: each query is ranked by a model that never saw it"
    return {"clean": True, "label": label, **{k: crossval[k] for k in ("queries", "methods", "gain")}}
