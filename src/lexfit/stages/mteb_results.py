"""Stage mteb_results: the fine-tuned model through mteb, the protocol's own claim, and what reviews show."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from lexfit.corpus.records import read_collection
from lexfit.evaluation.claim import MAIN, MEASURES, compare
from lexfit.evaluation.inputs import fire_inputs, held_out_inputs, ranking_inputs
from lexfit.evaluation.runs import Run, read_run, write_run
from lexfit.evaluation.scoring import (
    PerQueryRows,
    benchmark_block,
    finite,
    held_out_claim,
    held_out_scores,
    held_out_sources,
    out_of_fold_claim,
)
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
    RETENTION,
    quiet_progress,
    replacing,
    run_stage,
)

if TYPE_CHECKING:
    from pathlib import Path

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
    return dense_run(
        model,
        {q: t for q, t in queries.items() if q in wanted},
        passages,
        params.evaluation.batch_size,
        params.runtime.progress,
    )


def baseline_scores(task: str) -> dict[str, dict[str, Any]]:
    """mteb's scores of BM25 and the untrained model, from the JSON that mteb wrote."""
    from lexfit.evaluation.benchmark import BM25_NAME

    found = {}
    for path in sorted((BASELINE / "mteb").rglob(f"{task}.json")):
        method = "bm25" if path.parts[-3] == BM25_NAME.replace("/", "__") else "untrained"
        found[method] = read_json(path)["scores"]["test"][0]
    return found


def benchmark_model(params: Params, folder: Path) -> tuple[SentenceTransformer, Benchmarked]:
    """Load the saved model anew and evaluate it through mteb; its revision is the weights' hash."""
    from sentence_transformers import SentenceTransformer

    from lexfit.evaluation.benchmark import as_encoder, benchmark
    from lexfit.evaluation.cached_encoder import cached
    from lexfit.evaluation.tasks import make_task
    from lexfit.training.base_models import check_device, prepare_torch

    prepare_torch(params.hardware, params.seed)
    model = cached(SentenceTransformer(str(FOLDER), device=check_device(params.runtime)), params.runtime)
    revision = hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest()[:12]
    encoder = as_encoder(model, f"lexfit/{params.card.name}", revision)
    task = make_task(read_collection(RAW / "task"))
    return model, benchmark(encoder, task, folder / "mteb", params.evaluation.batch_size)


def main(params: Params) -> None:
    """Write data/mteb_results, reports/metrics.json and the data of the plots."""
    quiet_progress(params.runtime.progress)
    protocol = params.protocol.name
    with replacing(RESULTS) as folder:
        model, done = benchmark_model(params, folder)
        task = done.result.task_name
        methods = {**baseline_scores(task), "finetuned": done.scores}
        seen = read_json(EVAL / "summary.json")["corpus_seen"]
        scores: dict[str, Any] = {
            "protocol": protocol,
            "seed": params.seed,
            "corpus_seen": {k: seen[k] for k in ("documents", "of")},
            "mteb": benchmark_block(protocol, task, len(done.per_query), methods),
            "crossval": read_json(CROSSVAL_SUMMARY / "summary.json"),
            "retention": read_json(RETENTION / "summary.json"),
            "claim": None,
            "held_out": held_out_block(params, model),
            "fire2019": fire_block(params, model, folder),
        }
        rows = crossval_rows()
        wanted = {q["id"] for q in read_jsonl(EVAL / "queries.jsonl") if q["role"] == "test"}
        if wanted:
            run = held_out_run(params, model, done, wanted)
            write_run(folder / "run.tsv", run)
            runs = {"bm25": read_run(BASELINE / "bm25.tsv"), "untrained": read_run(BASELINE / "untrained.tsv")}
            scored = held_out_scores(protocol, read_collection(RAW / "task"), {**runs, "finetuned": run}, wanted)
            scores["claim"], rows = held_out_claim(params, scored)
        elif protocol == "kfold":
            scores["claim"] = out_of_fold_claim(scores["crossval"])
        write_json(folder / "scores.json", scores)
        write_jsonl(folder / "per_query.jsonl", ({"query_id": q, **finite(s)} for q, s in done.per_query.items()))
    write_json(REPORTS / "metrics.json", headline_metrics(scores))
    write_plots(scores, rows)


def held_out_block(params: Params, model: SentenceTransformer) -> dict[str, Any]:
    """Scores over the held-out queries of further sources, by source; empty if there are none."""
    from lexfit.evaluation.dense import dense_run

    run: Run = {}
    for queries, passages in held_out_inputs(params.clean.split).values():
        run |= dense_run(model, queries, passages, params.evaluation.batch_size, params.runtime.progress)
    if not run:
        return {}
    runs = {
        "bm25": read_run(BASELINE / "bm25.tsv"),
        "untrained": read_run(BASELINE / "untrained.tsv"),
        "finetuned": run,
    }
    further = (read_jsonl(EVAL / name) for name in ("further.jsonl", "further_documents.jsonl"))
    return held_out_sources(params, runs, *further)


def fire_block(params: Params, model: SentenceTransformer, folder: Path) -> dict[str, Any] | None:
    """The FIRE track's measures over its test queries and all statutes, of a model that saw no AILA query."""
    from lexfit.evaluation.dense import dense_run

    inputs = fire_inputs(params.protocol.name, params.data, params.clean.split)
    if inputs is None:
        return None
    run = dense_run(model, *inputs, params.evaluation.batch_size, params.runtime.progress)
    write_run(folder / "fire.tsv", run)
    runs = {m: read_run(BASELINE / "fire" / f"{m}.tsv") for m in ("bm25", "untrained")} | {"finetuned": run}
    scored = held_out_scores("fire2019", read_collection(RAW / "task"), runs, set(inputs[0]))
    return compare(scored, (*MEASURES, "bpref"), params.evaluation, params.seed)


def crossval_rows() -> PerQueryRows:
    """Out-of-fold scores by query."""
    header, *lines = [ln.split("\t") for ln in read_text(CROSSVAL_SUMMARY / "per_query.tsv").splitlines()]
    found = [dict(zip(header, line, strict=True)) for line in lines]
    return [{"query_id": r["query_id"], **{m: float(r[m]) for m in ("bm25", "untrained", "finetuned")}} for r in found]


def write_plots(scores: dict[str, Any], rows: PerQueryRows) -> None:
    """Data of the plots: gain by query (largest first), and scores by method with intervals."""
    gains = [
        [r["query_id"], r["bm25"], r["untrained"], r["finetuned"], round(r["finetuned"] - r["untrained"], 5)]
        for r in rows
    ]
    gains.sort(key=lambda row: (-row[4], row[0]))
    header = ["query_id", "bm25", "untrained", "finetuned", "gain"]
    write_tsv(REPORTS / "plots" / "per_query_gain.tsv", header, gains)
    shown = (scores["claim"] or scores["crossval"])["methods"]
    table = [[name, m[MAIN], m["low"], m["high"]] for name, m in shown.items()]
    write_tsv(REPORTS / "plots" / "methods.tsv", ["method", MAIN, "low", "high"], table)


if __name__ == "__main__":
    run_stage("mteb_results", main)
