"""Stage audit: stop the pipeline where what trains overlaps with what a protocol holds out; report what was found."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.corpus.audit import Rules, compare_groups, compare_texts, judge_similar, training_texts
from lexfit.corpus.declared import training_datasets
from lexfit.corpus.verdict import make_report, methods, refuse_leaks
from lexfit.io import read_json, write_json, write_text
from lexfit.jsonl import iter_jsonl, read_jsonl
from lexfit.reporting.audit_page import audit_page
from lexfit.stages.common import AUDIT, EVAL, RAW, REPORTS, TRAIN, quiet_progress, replacing, run_stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lexfit.config import Params

logger = logging.getLogger(__name__)
LAST = Path("logs/audit.json")


def read_documents(folder: Path) -> Iterator[dict[str, Any]]:
    """Documents one after the other, without the passages that hold the same text again."""
    for _, record in iter_jsonl(folder / "documents.jsonl"):
        yield {key: value for key, value in record.items() if key != "passages"}


def read_groups(names: list[str], queries: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Whole texts by source and group; of a source that gives none, the texts of a group's training queries."""
    groups: dict[str, dict[str, str]] = {}
    for name in names:
        texts: dict[str, str] = {}
        for query in queries:
            if query["source"] == name and "group" in query:
                texts[query["group"]] = f"{texts.get(query['group'], '')}\n{query['text']}"
        path = RAW / "further" / name / "groups.jsonl"
        whole = {r["id"]: r["text"] for r in read_jsonl(path)} if texts and path.exists() else {}
        if texts:
            groups[name] = {**texts, **whole}
    return groups


def embedded_pairs(
    params: Params, training: list[dict[str, Any]], queries: list[dict[str, Any]], protocol: str
) -> list[tuple[str, str, float]] | None:
    """Similar pairs of training and evaluation queries; None where there is nothing to compare.

    That is so where nothing is held out, and under `kfold` with no queries but the task's own, which are in the folds.
    Products are computed in `hardware.dtype`: bfloat16 moves a cosine by some thousandths, and takes half the time.
    """
    threshold = params.audit.embedding_threshold
    others = [q for q in training if q["source"] != "task"] if protocol == "kfold" else training
    held_out = queries if protocol == "kfold" else [q for q in queries if q["role"] == "test"]
    if threshold is None or not others or not held_out:
        return None
    import torch

    from lexfit.evaluation.cached_encoder import cached
    from lexfit.evaluation.similar import similar_queries
    from lexfit.training.base_models import load_base_model, prepare_torch

    prepare_torch(params.hardware, params.seed)
    model, dtype = load_base_model(params.model, params.hardware, params.runtime), params.hardware.dtype
    with torch.autocast(model.device.type, dtype=getattr(torch, dtype), enabled=dtype != "float32"):
        return similar_queries(
            cached(model, params.runtime),
            {q["id"]: q["text"] for q in others},
            {q["id"]: q["text"] for q in held_out},
            threshold,
            batch_size=params.evaluation.batch_size,
            progress=params.runtime.progress,
        )


def main(params: Params) -> None:
    """Write data/audit (what later stages wait for), reports/audit.json and reports/audit.md.

    After a leak the report is in logs/ only, and earlier outputs stay.
    """
    quiet_progress(params.runtime.progress)
    protocol, further = params.protocol, sorted(params.data.train)
    training, queries = read_jsonl(TRAIN / "queries.jsonl"), read_jsonl(EVAL / "queries.jsonl")
    candidates = [d for d in read_documents(EVAL) if d["role"] == "candidate"]
    rules = Rules(protocol, params.audit, {q["id"]: q["fold"] for q in training if q["source"] == "task"})
    groups = read_groups(further, training)
    texts = training_texts(training, read_documents(TRAIN))
    pairs = compare_texts(texts, queries, candidates, rules, params.seed)
    pairs += compare_groups(groups, training, queries, rules)
    similar = embedded_pairs(params, training, queries, protocol.name)
    if similar is not None:
        pairs += judge_similar(similar, training, queries, rules)
    used = {q["source"] for q in training}
    sources = [params.data] * ("task" in used) + [params.data.train[name] for name in further if name in used]
    compared = {
        "training_queries": len(training),
        "training_documents": sum(read_json(EVAL / "summary.json")["training_documents"].values()),
        "groups": len({(q["source"], q["group"]) for q in training if "group" in q}),
        "evaluation_queries": len(queries),
        "held_out_queries": sum(q["role"] == "test" for q in queries),
        "evaluation_documents": len(candidates),
    }
    summary = read_json(EVAL / "summary.json")
    settings = methods(params, embedded=similar is not None)
    report = make_report(protocol.name, settings, compared, pairs, summary) | {
        "training_datasets": training_datasets(sources)
    }
    write_json(LAST, report)
    write_text(LAST.with_suffix(".md"), audit_page(report))
    refuse_leaks(report, further, f"stage audit ({TRAIN})", LAST.with_suffix(".md"))
    logger.info("%s", report["verdict"])
    with replacing(AUDIT) as folder:
        write_json(folder / "verdict.json", {"protocol": protocol.name, "verdict": report["verdict"]})
    write_json(REPORTS / "audit.json", report)
    write_text(REPORTS / "audit.md", audit_page(report))


if __name__ == "__main__":
    run_stage("audit", main)
