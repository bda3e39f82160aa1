"""Stage pairs: apply the protocol; training records and evaluation records go into separate outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.corpus.pairs import CleanSource, build_pairs
from lexfit.corpus.records import read_collection
from lexfit.io import write_json
from lexfit.jsonl import iter_jsonl, write_jsonl
from lexfit.stages.common import CLEAN, EVAL, RAW, TRAIN, replacing, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params


def read_source(name: str) -> CleanSource:
    """One collection of data/raw with its cleaned texts of data/clean."""
    return CleanSource(
        read_collection(RAW / name),
        {r["id"]: r["text"] for _, r in iter_jsonl(CLEAN / name / "queries.jsonl")},
        {r["id"]: r["passages"] for _, r in iter_jsonl(CLEAN / name / "passages.jsonl")},
    )


def main(params: Params) -> None:
    """Write data/pairs/train (with the guard's hashes) and data/pairs/eval."""
    further = {name: read_source(f"further/{name}") for name in sorted(params.data.train)}
    pairs = build_pairs(read_source("task"), further, params)
    with replacing(TRAIN) as train, replacing(EVAL) as evaluation:
        write_jsonl(train / "queries.jsonl", pairs.train_queries)
        write_jsonl(train / "documents.jsonl", pairs.train_documents)
        write_jsonl(train / "pairs.jsonl", pairs.pairs)
        write_json(train / "guard.json", pairs.guard)
        write_jsonl(evaluation / "queries.jsonl", pairs.eval_queries)
        write_jsonl(evaluation / "documents.jsonl", pairs.eval_documents)
        write_jsonl(evaluation / "further.jsonl", pairs.further)
        write_jsonl(evaluation / "further_documents.jsonl", pairs.further_documents)
        write_json(evaluation / "summary.json", pairs.summary)


if __name__ == "__main__":
    run_stage("pairs", main)
