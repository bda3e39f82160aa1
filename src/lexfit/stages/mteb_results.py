"""Stage mteb_results: the fine-tuned model through mteb, the protocol's own claim, and what reviews show."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

from lexfit.corpus.protocols import claims
from lexfit.corpus.records import Collection, read_collection
from lexfit.evaluation.claim import MAIN, MEASURES, compare
from lexfit.evaluation.inputs import ranking_inputs
from lexfit.evaluation.runs import Run, read_run, write_run
from lexfit.evaluation.trec import PerQuery, evaluate, qrels_of
from lexfit.io import read_json, read_jsonl, read_text, write_json, write_jsonl, write_tsv
from lexfit.reporting.metrics import headline_metrics
from lexfit.stages.common import (
    BASELINE,
    CROSSVAL_SUMMARY,
    EVAL,
    MODEL,
    RAW,
    REPORTS,
    RESULTS,
    fresh,
    quiet_progress,
    run_stage,
)

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from lexfit.config import Params
    from lexfit.evaluation.benchmark import Benchmarked

FOLDER = MODEL / "sentence_transformer"


def held_out_run(params: Params, model: SentenceTransformer, benchmarked: Benchmarked, wanted: set[str]) -> Run:
    """The fine-tuned model's ranking of the held-out queries over the protocol's candidates.

    mteb's own ranking serves where it covers the same queries and documents; otherwise they are encoded.
    """
    from lexfit.evaluation.dense import dense_run

    queries, passages = ranking_inputs(params.clean.split)[0]
    covered = {d for scores in benchmarked.run.values() for d in scores}
    if params.clean.split == "none" and wanted <= set(benchmarked.run) and covered == set(passages):
        return {q: benchmarked.run[q] for q in sorted(wanted)}
    return dense_run(model, {q: t for q, t in queries.items() if q in wanted}, passages, params.evaluation.batch_size)


def score_claim(params: Params, collection: Collection, finetuned: Run, wanted: set[str]) -> dict[str, PerQuery]:
    """Scores by query and method over the held-out queries.

    The FIRE track scores over its full gold, the statute without text included; elsewhere relevance is
    that of documents with text, as mteb counts it.
    """
    qrels = qrels_of(collection.judgements, sorted(wanted))
    if params.protocol.name != "fire2019":
        present = {d.id for d in collection.documents}
        qrels = {q: {d: s for d, s in docs.items() if d in present} for q, docs in qrels.items()}
    runs = {
        "bm25": read_run(BASELINE / "bm25.tsv"),
        "untrained": read_run(BASELINE / "untrained.tsv"),
        "finetuned": finetuned,
    }
    return {name: evaluate(run, qrels) for name, run in runs.items()}


def finite(scores: dict[str, Any]) -> dict[str, float]:
    """The scores that are finite numbers.

    mteb gives NaN where a measure has no value (an abstention curve of equal scores, a missing cut), which
    JSON has no word for.
    """
    return {k: v for k, v in scores.items() if isinstance(v, int | float) and math.isfinite(v)}


def mteb_table(name: str) -> dict[str, dict[str, float]]:
    """mteb's scores of the baselines, by our names, from the JSON that mteb wrote."""
    from lexfit.evaluation.benchmark import BM25_NAME

    found = {}
    for path in sorted((BASELINE / "mteb").rglob(f"{name}.json")):
        method = "bm25" if path.parts[-3] == BM25_NAME.replace("/", "__") else "untrained"
        found[method] = finite(read_json(path)["scores"]["test"][0])
    return found


def main(params: Params) -> None:
    """Write data/mteb_results, reports/metrics.json and the data of the plots."""
    quiet_progress(params.runtime.progress)
    from sentence_transformers import SentenceTransformer

    from lexfit.evaluation.benchmark import as_encoder, benchmark
    from lexfit.evaluation.tasks import make_task
    from lexfit.training.base_models import check_device, prepare_torch

    prepare_torch(params.hardware, params.seed)
    collection = read_collection(RAW / "task")
    model = SentenceTransformer(str(FOLDER), device=check_device(params.runtime))
    revision = hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest()[:12]
    fresh(RESULTS)
    done = benchmark(
        as_encoder(model, f"lexfit/{params.card.name}", revision), make_task(collection), RESULTS / "mteb", params.evaluation.batch_size
    )
    protocol, task = params.protocol.name, done.result.task_name
    pairs = read_json(EVAL / "summary.json")
    clean, reason = claims(protocol, "task")
    scores: dict[str, Any] = {
        "protocol": protocol,
        "seed": params.seed,
        "corpus_seen": {k: pairs["corpus_seen"][k] for k in ("documents", "of")},
        "mteb": {
            "task": task,
            "queries": len(done.per_query),
            "clean": clean,
            "label": reason,
            "methods": {**mteb_table(task), "finetuned": finite(done.scores)},
        },
        "crossval": read_json(CROSSVAL_SUMMARY / "summary.json"),
        "claim": None,
    }
    wanted = {q["id"] for q in read_jsonl(EVAL / "queries.jsonl") if q["role"] == "test"}
    per_query: list[dict[str, Any]] = []
    if wanted:
        run = held_out_run(params, model, done, wanted)
        write_run(RESULTS / "run.tsv", run)
        scored = score_claim(params, collection, run, wanted)
        measures = (*MEASURES, "bpref") if protocol == "fire2019" else MEASURES
        clean, reason = claims(protocol, "test")
        scores["claim"] = {
            "clean": clean,
            "label": reason,
            **compare(scored, measures, params.evaluation, params.seed),
        }
        per_query = [{"query_id": q, **{m: round(scored[m][q][MAIN], 5) for m in scored}} for q in scored["finetuned"]]
    elif protocol == "kfold":
        scores["claim"] = {"clean": True, "label": "clean: each query is ranked by a model that never saw it", **{
            k: scores["crossval"][k] for k in ("queries", "methods", "gain")
        }}
        per_query = _crossval_rows()
    write_json(RESULTS / "scores.json", scores)
    write_jsonl(RESULTS / "per_query.jsonl", ({"query_id": q, **finite(s)} for q, s in done.per_query.items()))
    write_json(REPORTS / "metrics.json", headline_metrics(scores))
    write_plots(scores, per_query or _crossval_rows())


def _crossval_rows() -> list[dict[str, Any]]:
    lines = read_text(CROSSVAL_SUMMARY / "per_query.tsv").splitlines()
    header = lines[0].split("\t")
    rows = [dict(zip(header, line.split("\t"), strict=True)) for line in lines[1:]]
    return [{"query_id": r["query_id"], **{m: float(r[m]) for m in ("bm25", "untrained", "finetuned")}} for r in rows]


def write_plots(scores: dict[str, Any], per_query: list[dict[str, Any]]) -> None:
    """Data of the plots: gain by query (largest first), and scores by method with intervals."""
    gains = sorted(
        ([r["query_id"], r["bm25"], r["untrained"], r["finetuned"], round(r["finetuned"] - r["untrained"], 5)] for r in per_query),
        key=lambda row: (-row[4], row[0]),
    )
    write_tsv(REPORTS / "plots" / "per_query_gain.tsv", ["query_id", "bm25", "untrained", "finetuned", "gain"], gains)
    shown = scores["claim"] or scores["crossval"]
    rows = [[name, m[MAIN], m["low"], m["high"]] for name, m in shown["methods"].items()]
    write_tsv(REPORTS / "plots" / "methods.tsv", ["method", MAIN, "low", "high"], rows)


if __name__ == "__main__":
    run_stage("mteb_results", main)
