"""Stage mteb_results: the fine-tuned model through mteb, the protocol's own claim, and what reviews show."""

from __future__ import annotations

import hashlib
import logging
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
from lexfit.evaluation.subset import is_partial, part_facts, part_of_inputs, part_of_run, part_of_task
from lexfit.io import read_json, read_text, write_json, write_tsv
from lexfit.jsonl import read_jsonl, write_jsonl
from lexfit.reporting.metrics import headline_metrics
from lexfit.stages.common import (
    BASELINE,
    CROSSVAL_SUMMARY,
    EVAL,
    MODEL,
    MTEB_TASKS,
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
    from lexfit.corpus.records import Collection
    from lexfit.evaluation.benchmark import Benchmarked
    from lexfit.evaluation.trec import PerQuery

logger = logging.getLogger(__name__)
FOLDER = MODEL / "sentence_transformer"


Inputs = tuple[dict[str, str], dict[str, list[str]]]


def held_out_run(params: Params, model: SentenceTransformer, benchmarked: Benchmarked, inputs: Inputs) -> Run:
    """The fine-tuned model's ranking of the held-out queries over the protocol's candidates.

    mteb's own ranking serves where it covers the same queries and documents; otherwise they are encoded.
    """
    from lexfit.evaluation.dense import dense_run

    queries, passages = inputs
    covered = {d for scores in benchmarked.run.values() for d in scores}
    if params.clean.split == "none" and set(queries) <= set(benchmarked.run) and covered == set(passages):
        return {q: benchmarked.run[q] for q in sorted(queries)}
    return dense_run(model, queries, passages, params.evaluation.batch_size, params.runtime.progress)


def baseline_scores(task: str) -> dict[str, dict[str, Any]]:
    """mteb's scores of BM25 and the untrained model, from the JSON that mteb wrote."""
    from lexfit.evaluation.benchmark import BM25_NAME

    found = {}
    for path in sorted((BASELINE / "mteb").rglob(f"{task}.json")):
        method = "bm25" if path.parts[-3] == BM25_NAME.replace("/", "__") else "untrained"
        found[method] = read_json(path)["scores"]["test"][0]
    return found


def load_models(params: Params) -> tuple[SentenceTransformer, Any]:
    """The saved model, loaded anew, and as mteb takes it; its revision is the weights' hash."""
    from sentence_transformers import SentenceTransformer

    from lexfit.evaluation.benchmark import as_encoder
    from lexfit.evaluation.cached_encoder import cached
    from lexfit.training.base_models import check_device, prepare_torch

    prepare_torch(params.hardware, params.seed)
    loaded = SentenceTransformer(str(FOLDER), device=check_device(params.runtime))
    announce(params, loaded)
    model = cached(loaded, params.runtime)
    revision = hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest()[:12]
    return model, as_encoder(model, f"lexfit/{params.card.name}", revision)


def announce(params: Params, model: SentenceTransformer) -> None:
    """Say what the evaluation will take, and where it is of a part, what the whole would."""
    from lexfit.evaluation.estimate import announcement, estimate, seconds_per_token

    whole, part = set[str](), set[str]()
    for queries, passages, positives in all_inputs(params):
        kept = part_of_inputs(queries, passages, positives, params.evaluation, params.seed)
        for texts, own in ((whole, (queries, passages)), (part, kept)):
            texts |= {*own[0].values(), *(text for parts in own[1].values() for text in parts)}
    rate = seconds_per_token(model, sorted(whole))
    logger.info("%s", announcement(estimate(model, part, rate), estimate(model, whole, rate)))


def all_inputs(params: Params) -> list[tuple[dict[str, str], dict[str, list[str]], dict[str, set[str]]]]:
    """Queries, passages and positives of the task, of the FIRE track and of held-out queries of further sources."""
    split, positives = params.clean.split, read_collection(RAW / "task").positives()
    queries, passages = ranking_inputs(split, training=False)[0]
    scored = {q["id"] for q in read_jsonl(EVAL / "queries.jsonl") if "test" in (q["role"], q["split"])}
    found = [({q: t for q, t in queries.items() if q in scored and positives.get(q)}, passages, positives)]
    fire = fire_inputs(params.protocol.name, params.data, split)
    found += [(*fire, positives)] if fire is not None else []
    own = {q["id"]: set(q["positives"]) for q in read_jsonl(EVAL / "further.jsonl")}
    return found + [(*inputs, own) for inputs in held_out_inputs(split).values()]


def baseline_benchmarks(params: Params, collection: Collection, folder: Path) -> dict[str, dict[str, Any]]:
    """mteb's scores of BM25 and the untrained model; of a drawn part they are computed here."""
    from lexfit.evaluation.benchmark import Bm25Search, as_encoder, benchmark
    from lexfit.evaluation.cached_encoder import cached
    from lexfit.evaluation.tasks import make_task
    from lexfit.training.base_models import load_base_model

    task = make_task(collection)
    if not is_partial(params.evaluation):
        return baseline_scores(task.metadata.name)
    base = cached(load_base_model(params.model, params.hardware, params.runtime), params.runtime)
    models = {"bm25": Bm25Search(), "untrained": as_encoder(base, params.model.hub_id, params.model.revision)}
    batch = params.evaluation.batch_size
    return {name: benchmark(model, task, folder / name, batch).scores for name, model in models.items()}


def main(params: Params) -> None:
    """Write data/mteb_results, reports/metrics.json and the data of the plots."""
    from lexfit.evaluation.benchmark import benchmark
    from lexfit.evaluation.tasks import make_task

    quiet_progress(params.runtime.progress)
    protocol, whole = params.protocol.name, read_collection(RAW / "task")
    collection = part_of_task(whole, params.evaluation, params.seed)
    with replacing(RESULTS) as folder:
        model, encoder = load_models(params)
        done = benchmark(encoder, make_task(collection), folder / "mteb", params.evaluation.batch_size)
        task = done.result.task_name
        methods = {**baseline_benchmarks(params, collection, folder / "part"), "finetuned": done.scores}
        seen = read_json(EVAL / "summary.json")["corpus_seen"]
        block = benchmark_block(protocol, task, len(done.per_query), methods)
        scores: dict[str, Any] = {
            "protocol": protocol,
            "seed": params.seed,
            "corpus_seen": {k: seen[k] for k in ("documents", "of")},
            "part": part_facts(whole, collection) if is_partial(params.evaluation) else None,
            "mteb": block,
            "crossval": read_json(CROSSVAL_SUMMARY / "summary.json"),
            "retention": read_json(RETENTION / "summary.json"),
            "tasks": read_json(MTEB_TASKS / "summary.json"),
            "claim": None,
            "held_out": held_out_block(params, model),
            "fire2019": fire_block(params, model, folder),
        }
        rows = crossval_rows()
        wanted = {q["id"] for q in read_jsonl(EVAL / "queries.jsonl") if q["role"] == "test"}
        if wanted:
            scored = claim_scores(params, model, done, wanted, folder)
            scores["claim"], rows = held_out_claim(params, scored)
        elif protocol == "kfold":
            scores["claim"] = out_of_fold_claim(scores["crossval"])
        write_json(folder / "scores.json", scores)
        write_jsonl(folder / "per_query.jsonl", ({"query_id": q, **finite(s)} for q, s in done.per_query.items()))
    write_json(REPORTS / "metrics.json", headline_metrics(scores))
    write_plots(scores, rows)


def claim_scores(
    params: Params, model: SentenceTransformer, done: Benchmarked, wanted: set[str], folder: Path
) -> dict[str, PerQuery]:
    """Scores by method of the queries that the protocol holds out; the model's ranking goes to `folder`."""
    whole = read_collection(RAW / "task")
    queries, passages = ranking_inputs(params.clean.split, training=False)[0]
    asked = {q: t for q, t in queries.items() if q in wanted}
    inputs = part_of_inputs(asked, passages, whole.positives(), params.evaluation, params.seed)
    run = held_out_run(params, model, done, inputs)
    write_run(folder / "run.tsv", run)
    runs = {m: part_of_run(read_run(BASELINE / f"{m}.tsv"), *inputs) for m in ("bm25", "untrained")}
    return held_out_scores(params.protocol.name, whole, {**runs, "finetuned": run}, set(inputs[0]))


def held_out_block(params: Params, model: SentenceTransformer) -> dict[str, Any]:
    """Scores over the held-out queries of further sources, by source; empty if there are none."""
    from lexfit.evaluation.dense import dense_run

    queries, documents = (read_jsonl(EVAL / name) for name in ("further.jsonl", "further_documents.jsonl"))
    positives = {q["id"]: set(q["positives"]) for q in queries}
    runs: dict[str, Run] = {"bm25": {}, "untrained": {}, "finetuned": {}}
    for whole in held_out_inputs(params.clean.split).values():
        inputs = part_of_inputs(*whole, positives, params.evaluation, params.seed)
        runs["finetuned"] |= dense_run(model, *inputs, params.evaluation.batch_size, params.runtime.progress)
        for name in ("bm25", "untrained"):
            runs[name] |= part_of_run(read_run(BASELINE / f"{name}.tsv"), *inputs)
    return held_out_sources(params, runs, [q for q in queries if q["id"] in runs["finetuned"]], documents)


def fire_block(params: Params, model: SentenceTransformer, folder: Path) -> dict[str, Any] | None:
    """The FIRE track's measures over its test queries and all statutes, of a model that saw no AILA query."""
    from lexfit.evaluation.dense import dense_run

    whole = fire_inputs(params.protocol.name, params.data, params.clean.split)
    if whole is None:
        return None
    collection = read_collection(RAW / "task")
    inputs = part_of_inputs(*whole, collection.positives(), params.evaluation, params.seed)
    run = dense_run(model, *inputs, params.evaluation.batch_size, params.runtime.progress)
    write_run(folder / "fire.tsv", run)
    runs = {m: part_of_run(read_run(BASELINE / "fire" / f"{m}.tsv"), *inputs) for m in ("bm25", "untrained")}
    scored = held_out_scores("fire2019", collection, {**runs, "finetuned": run}, set(inputs[0]))
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
