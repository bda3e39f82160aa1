"""Stage mteb_tasks: other retrieval tasks of mteb, scored beside the target; nothing where none is asked for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from lexfit.io import read_json, write_json, write_tsv
from lexfit.jsonl import read_jsonl
from lexfit.stages.common import MODEL, MTEB_TASKS, REPORTS, TRAIN, quiet_progress, replacing, run_stage

if TYPE_CHECKING:
    from pathlib import Path

    from mteb.abstasks.retrieval import AbsTaskRetrieval

    from lexfit.config import Params

FOLDER = MODEL / "sentence_transformer"


def contenders(params: Params) -> dict[str, Any]:
    """BM25, the untrained and the fine-tuned model, as mteb takes them."""
    from sentence_transformers import SentenceTransformer

    from lexfit.evaluation.benchmark import Bm25Search, as_encoder
    from lexfit.evaluation.cached_encoder import cached
    from lexfit.training.base_models import check_device, load_base_model, prepare_torch

    prepare_torch(params.hardware, params.seed)
    base = cached(load_base_model(params.model, params.hardware, params.runtime), params.runtime)
    tuned = cached(SentenceTransformer(str(FOLDER), device=check_device(params.runtime)), params.runtime)
    revision = hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest()[:12]
    return {
        "bm25": Bm25Search(),
        "untrained": as_encoder(base, params.model.hub_id, params.model.revision),
        "finetuned": as_encoder(tuned, f"lexfit/{params.card.name}", revision),
    }


def score_task(
    params: Params, task: AbsTaskRetrieval, models: dict[str, Any], folder: Path
) -> dict[str, dict[str, dict[str, float]]]:
    """nDCG@10 by method and query; the JSON that mteb writes goes below `folder`."""
    from lexfit.evaluation.benchmark import benchmark
    from lexfit.evaluation.claim import MAIN

    scored = {}
    for method, model in models.items():
        done = benchmark(model, task, folder / method, params.evaluation.batch_size)
        scored[method] = {query: {MAIN: float(own["ndcg_cut_10"])} for query, own in done.per_query.items()}
        task.per_query.clear()
    return scored


def main(params: Params) -> None:
    """Write data/mteb_tasks: summary.json, per_query.tsv, and what mteb wrote, by method."""
    quiet_progress(params.runtime.progress)
    summary: dict[str, Any] = {}
    rows: list[list[Any]] = []
    with replacing(MTEB_TASKS) as folder:
        if params.evaluation.tasks:
            from lexfit.evaluation.claim import compare
            from lexfit.evaluation.named_tasks import asked_tasks, cut, load_named_task, texts_of
            from lexfit.evaluation.seen import base_datasets, label_task

            wanted = asked_tasks(params.evaluation.tasks)
            # What can't be had is an error before anything is scored.
            tasks = {name: load_named_task(name, where, params.data) for name, where in sorted(wanted.items())}
            training = {
                r["id"]: r["text"] for name in ("documents", "queries") for r in read_jsonl(TRAIN / f"{name}.jsonl")
            }
            declared = read_json(REPORTS / "audit.json")["training_datasets"]
            models = contenders(params)
            for name, task in tasks.items():
                address = str(task.metadata.dataset["path"])
                texts = texts_of(task)
                label = label_task(
                    name,
                    address,
                    texts,
                    training,
                    declared=declared,
                    base=base_datasets(params.model.hub_id),
                    sources=params.data.train.values(),
                    protocol=params.protocol,
                )
                scored = score_task(params, cut(task, params.evaluation, params.seed), models, folder / "mteb")
                shown = compare(scored, (), params.evaluation, params.seed)
                data = wanted[name] if wanted[name] in {"hub", "fire"} else "a local copy"
                summary[name] = {**label, "data": data, "documents": len(texts[1]), **shown}
                for query in scored["finetuned"]:
                    rows.append([name, query, *(round(s[query]["ndcg_at_10"], 5) for s in scored.values())])
        write_json(folder / "summary.json", summary)
        write_tsv(folder / "per_query.tsv", ["task", "query_id", "bm25", "untrained", "finetuned"], rows)


if __name__ == "__main__":
    run_stage("mteb_tasks", main)
