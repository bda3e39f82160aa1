"""Stage second_stage@scores: every second-stage system, alone and fused, scored beside the first stage."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lexfit.corpus.protocols import NO_FOLD, claims
from lexfit.corpus.records import read_collection
from lexfit.evaluation.inputs import held_out_inputs, ranking_inputs
from lexfit.evaluation.runs import write_run
from lexfit.evaluation.subset import drawn
from lexfit.evaluation.trec import evaluate, qrels_of
from lexfit.io import write_json, write_tsv
from lexfit.jsonl import read_jsonl
from lexfit.second_stage.groups import Group, fold_groups, out_of_fold
from lexfit.second_stage.plan import NESTED
from lexfit.second_stage.rows import rank_row, rows_of, student_row
from lexfit.second_stage.scores import score_rows
from lexfit.second_stage.systems import final_runs, fold_systems, folders, in_place, remove_other_systems, student_run
from lexfit.stages.common import (
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
    from lexfit.config import Params
    from lexfit.evaluation.runs import Run
    from lexfit.evaluation.trec import Qrels

logger = logging.getLogger(__name__)


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


def mteb_block(params: Params, ranked: dict[str, Run], found: dict[str, Any]) -> dict[str, Any] | None:
    """Each row's nDCG@10 by mteb's two-stage evaluation, beside our own; a final reranker is run by mteb itself.

    None where mteb's task has other queries or documents: the FIRE track's 197 statutes, passages of split documents.
    """
    from sentence_transformers import CrossEncoder

    from lexfit.evaluation.tasks import make_task
    from lexfit.evaluation.two_stage import reranked
    from lexfit.training.base_models import check_device, prepare_torch

    collection, own = read_collection(RAW / "task"), params.second_stage
    test = make_task(collection).dataset["default"]["test"]
    first = next(iter(ranked.values()))
    documents = {d for scores in first.values() for d in scores}
    if set(test["queries"]["id"]) != set(first) or set(test["corpus"]["id"]) != documents:
        return None
    prepare_torch(params.hardware, params.seed)
    block: dict[str, Any] = {}
    for name, run in ranked.items():
        reader = own.rerankers.get(name.removesuffix(" alone"))
        by_mteb = (
            reader is not None
            and params.protocol.name not in NESTED
            and reader.windows == 1
            and params.clean.split == "none"
        )
        second: Any = run
        if by_mteb:
            folder = RERANKERS / name.removesuffix(" alone") / "model"
            second = CrossEncoder(str(folder), device=check_device(params.runtime))
        sizes = {"depth": own.depth, "batch_size": params.evaluation.batch_size}
        done = reranked(make_task(collection), first, second, name.replace(" ", "-"), **sizes)
        block[name] = {
            "mteb": round(done.scores["ndcg_at_10"], 5),
            "own": found["rows"][name]["ndcg_at_10"]["mean"],
            "run_by": "mteb" if by_mteb else "lexfit",
        }
    return block


def main(params: Params) -> None:
    """Write data/second_stage (rankings, weights), reports/second_stage.json and the scores by query."""
    quiet_progress(params.runtime.progress)
    remove_other_systems(params)
    protocol = params.protocol.name
    if protocol in NESTED:
        fold_of, qrels = training_judgements()
        groups = fold_groups(params.crossval.folds, fold_of, qrels, fold_systems(params))
        clean, label = True, "clean: each query is ranked by models that never saw it"
    else:
        group, qrels = test_group(params)
        groups, (clean, label) = [group], claims(protocol, "test")
    rows = rows_of(list(folders(params)))
    ranked: dict[str, Run] = {}
    weights: dict[str, Any] = {}
    with replacing(SECOND_STAGE) as folder:
        for number, row in enumerate(rows):
            ranked[row.name], weights[row.name] = rank_row(row, groups, params.second_stage)
            write_run(folder / f"{number:02d}.tsv", ranked[row.name])
        listed: list[dict[str, Any]] = [{"name": r.name, "kind": r.kind, "systems": r.systems} for r in rows]
        queries, passages = ranking_inputs(params.clean.split, training=False)[0]
        for name in in_place(params):
            run = student_run(params, name, {q: queries[q] for q in qrels}, passages)
            ranked[student_row(name)] = run
            write_run(folder / f"{len(listed):02d}.tsv", run)
            listed.append({"name": student_row(name), "kind": "in place", "systems": [name]})
        write_json(folder / "rows.json", listed)
        write_json(folder / "weights.json", weights)
    scored = {name: evaluate(run, qrels) for name, run in ranked.items()}
    found = score_rows(scored, params.evaluation, params.seed)
    facts = {"protocol": protocol, "seed": params.seed, "clean": clean, "label": label}
    found["mteb"] = mteb_block(params, ranked, found)
    write_json(REPORTS / "second_stage.json", {**facts, "depth": params.second_stage.depth, **found})
    header = ["row", "query_id", "ndcg_at_10"]
    lines = [[name, q, round(s["ndcg_at_10"], 6)] for name, by_query in scored.items() for q, s in by_query.items()]
    write_tsv(REPORTS / "second_stage.tsv", header, lines)


if __name__ == "__main__":
    run_stage("second_stage", main)
