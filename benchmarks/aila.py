"""AILA's training records by the pipeline's own functions, without DVC."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lexfit.compose import compose
from lexfit.config import Params, parse_params
from lexfit.corpus.cleaning import clean_texts
from lexfit.corpus.pairs import CleanSource, build_pairs
from lexfit.corpus.sources import load
from lexfit.evaluation.runs import bm25_run
from lexfit.evaluation.trec import evaluate
from lexfit.negatives.mining import Pool, mine_query

if TYPE_CHECKING:
    from lexfit.evaluation.runs import Run
    from lexfit.evaluation.trec import PerQuery

REPO = Path(__file__).resolve().parents[1]
RESULTS = REPO / "benchmarks/results"
BASE = ["data=aila_fire", "protocol=kfold", "runtime.progress=false"]


def make_params(*overrides: str) -> Params:
    """Params of the AILA k-fold protocol with overrides."""
    return parse_params(yaml.safe_load(compose([*BASE, *overrides], REPO / "conf")))


def make_records(params: Params) -> dict[str, list[dict[str, Any]]]:
    """Queries, documents, pairs and BM25 negatives, as the stages up to negatives write them."""
    raw = load(params.data)
    queries, _ = clean_texts([q.text for q in raw.queries], params.clean)
    documents, _ = clean_texts([d.full_text for d in raw.documents], params.clean)
    clean = CleanSource(
        raw,
        {q.id: text for q, text in zip(raw.queries, queries, strict=True)},
        {d.id: [text] for d, text in zip(raw.documents, documents, strict=True)},
    )
    pairs = build_pairs(clean, {}, params)
    passages = {d["id"]: d["passages"] for d in pairs.train_documents}
    run = bm25_run({q["id"]: q["clean_text"] for q in pairs.train_queries}, passages)
    negatives = []
    for query in pairs.train_queries:
        found, _ = mine_query(query, Pool(list(passages)), {"bm25": run.__getitem__}, params.negatives, params.seed)
        negatives += found
    return {
        "queries": pairs.train_queries,
        "documents": pairs.train_documents,
        "pairs": pairs.pairs,
        "negatives": negatives,
    }


def score(records: dict[str, list[dict[str, Any]]], run: Run) -> PerQuery:
    """Measures of the queries in a run, relevance being that of documents with text."""
    present = {d["id"] for d in records["documents"]}
    qrels = {q["id"]: {d: 1 for d in q["positives"] if d in present} for q in records["queries"] if q["id"] in run}
    return evaluate(run, qrels)


def machine() -> dict[str, Any]:
    """What a measurement ran on."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": names[0].split(":")[1].strip() if names else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
