"""Stage second_stage@scores: every second-stage system, alone and fused, scored beside the first stage."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from lexfit.corpus.protocols import NO_FOLD, claims
from lexfit.corpus.records import read_collection
from lexfit.evaluation.inputs import held_out_inputs, ranking_inputs
from lexfit.evaluation.runs import read_run, write_run
from lexfit.evaluation.subset import drawn
from lexfit.evaluation.trec import evaluate, qrels_of
from lexfit.io import read_jsonl, write_json, write_tsv
from lexfit.second_stage.finals import final_runs
from lexfit.second_stage.groups import Group, fold_groups, out_of_fold, restricted
from lexfit.second_stage.plan import NESTED, first_stage_run, read_whole
from lexfit.second_stage.rows import FIRST, LEXICAL, rank_row, rows_of
from lexfit.second_stage.scores import score_rows
from lexfit.stages.common import (
    BASELINE,
    EVAL,
    RAW,
    REPORTS,
    RERANKERS,
    SECOND_STAGE,
    TRAIN,
    quiet_progress,
    replacing,
    run_stage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lexfit.config import Params
    from lexfit.evaluation.runs import Run
    from lexfit.evaluation.trec import Qrels

logger = logging.getLogger(__name__)


def fold_systems(params: Params) -> dict[str, Callable[[frozenset[int]], Run]]:
    """Each system's ranking of the queries of the folds that it was trained without."""
    lexical = read_run(BASELINE / "bm25.tsv")
    fold_of = {q["id"]: q["fold"] for q in read_jsonl(TRAIN / "queries.jsonl") if q["source"] == "task"}

    def bm25(excluded: frozenset[int]) -> Run:
        return restricted(lexical, [q for q, fold in fold_of.items() if fold in excluded])

    def reranked(name: str, excluded: frozenset[int]) -> Run:
        label = "-".join(str(fold) for fold in sorted(excluded))
        return read_whole(RERANKERS / name / "folds" / f"{label}.tsv")

    systems: dict[str, Callable[[frozenset[int]], Run]] = {FIRST: first_stage_run, LEXICAL: bm25}
    return systems | {name: partial(reranked, name) for name in params.second_stage.rerankers}


def training_judgements() -> tuple[dict[str, int], Qrels]:
    """Fold and judgements, of documents with text, of the task's training queries."""
    queries = [q for q in read_jsonl(TRAIN / "queries.jsonl") if q["source"] == "task" and q["fold"] != NO_FOLD]
    present = {d["id"] for d in read_jsonl(TRAIN / "documents.jsonl")}
    qrels = {q["id"]: {d: 1 for d in q["positives"] if d in present} for q in queries}
    return {q["id"]: q["fold"] for q in queries}, {q: judged for q, judged in qrels.items() if judged}


def held_out_judgements(params: Params) -> tuple[dict[str, Run], Qrels]:
    """Rankings and judgements of some held-out queries of the sources, where a protocol has no labels to learn from."""
    own = {q["id"]: q["positives"] for q in read_jsonl(EVAL / "further.jsonl")}
    wanted = drawn(own, params.second_stage.learning_queries, params.seed)
    logger.info("weights are learned from %d of %d held-out queries of the sources", len(wanted), len(own))
    runs: dict[str, Run] = {}
    for queries, passages in held_out_inputs(params.clean.split).values():
        asked = {q: text for q, text in queries.items() if q in wanted}
        for name, run in final_runs(params, asked, passages).items():
            runs.setdefault(name, {}).update(run)
    return runs, {q: dict.fromkeys(own[q], 1) for q in sorted(wanted)}


def test_group(params: Params) -> tuple[Group, Qrels]:
    """The queries that the protocol holds out, ranked by the final models."""
    collection = read_collection(RAW / "task")
    wanted = {q["id"] for q in read_jsonl(EVAL / "queries.jsonl") if q["role"] == "test"}
    qrels = qrels_of(collection.judgements, sorted(wanted))
    if params.protocol.name != "fire2019":
        present = {d.id for d in collection.documents}
        qrels = {q: {d: s for d, s in judged.items() if d in present} for q, judged in qrels.items()}
    qrels = {q: judged for q, judged in qrels.items() if any(score > 0 for score in judged.values())}
    queries, passages = ranking_inputs(params.clean.split, training=False)[0]
    apply = final_runs(params, {q: queries[q] for q in sorted(qrels)}, passages)
    if params.protocol.name == "zero_shot":
        learn, judged = held_out_judgements(params)
    else:
        fold_of, judgements = training_judgements()
        learn, judged = out_of_fold(params.crossval.folds, fold_of, judgements, fold_systems(params))
    return Group("test", learn, judged, apply, sorted(qrels)), qrels


def main(params: Params) -> None:
    """Write data/second_stage (rankings, weights), reports/second_stage.json and the scores by query."""
    quiet_progress(params.runtime.progress)
    protocol = params.protocol.name
    if protocol in NESTED:
        fold_of, qrels = training_judgements()
        groups = fold_groups(params.crossval.folds, fold_of, qrels, fold_systems(params))
        clean, label = True, "clean: each query is ranked by models that never saw it"
    else:
        group, qrels = test_group(params)
        groups, (clean, label) = [group], claims(protocol, "test")
    rows = rows_of(list(params.second_stage.rerankers))
    ranked: dict[str, Run] = {}
    weights: dict[str, Any] = {}
    with replacing(SECOND_STAGE) as folder:
        for number, row in enumerate(rows):
            ranked[row.name], weights[row.name] = rank_row(row, groups, params.second_stage)
            write_run(folder / f"{number:02d}.tsv", ranked[row.name])
        write_json(folder / "rows.json", [{"name": row.name, "kind": row.kind, "systems": row.systems} for row in rows])
        write_json(folder / "weights.json", weights)
    scored = {name: evaluate(run, qrels) for name, run in ranked.items()}
    found = score_rows(scored, params.evaluation, params.seed)
    facts = {"protocol": protocol, "seed": params.seed, "clean": clean, "label": label}
    write_json(REPORTS / "second_stage.json", {**facts, "depth": params.second_stage.depth, **found})
    header = ["row", "query_id", "ndcg_at_10"]
    lines = [[name, q, round(s["ndcg_at_10"], 6)] for name, by_query in scored.items() for q, s in by_query.items()]
    write_tsv(REPORTS / "second_stage.tsv", header, lines)


if __name__ == "__main__":
    run_stage("second_stage", main)
