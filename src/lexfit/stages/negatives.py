"""Stage negatives: mine hard negatives for the training queries, from the documents of their own source."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from lexfit.corpus.guard import check_training
from lexfit.io import read_json, read_jsonl, write_json, write_jsonl
from lexfit.negatives.judged import judged_first
from lexfit.negatives.mining import mine_query
from lexfit.stages.common import NEGATIVES, TRAIN, quiet_progress, replacing, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.evaluation.runs import Run


def _candidates(params: Params, queries: list[dict[str, Any]], passages: dict[str, list[str]]) -> dict[str, Run]:
    """By miner, those scores of each query that mining needs."""
    from lexfit.negatives.candidates import bm25_candidates

    texts = {q["id"]: q["clean_text"] for q in queries}
    known = {q["id"]: q["positives"] for q in queries}
    depth = params.negatives.rank_max
    runs: dict[str, Run] = {}
    if "bm25" in params.negatives.miners:
        runs["bm25"] = bm25_candidates(texts, passages, depth, known)
    if "dense" in params.negatives.miners:
        from lexfit.evaluation.cached_encoder import cached
        from lexfit.negatives.dense import dense_candidates
        from lexfit.training.base_models import load_base_model

        model = cached(load_base_model(params.model, params.hardware, params.runtime), params.runtime)
        batch, progress = params.evaluation.batch_size, params.runtime.progress
        runs["dense"] = dense_candidates(model, texts, passages, depth, known, batch_size=batch, progress=progress)
    return runs


def main(params: Params) -> None:
    """Write data/negatives/negatives.jsonl and a summary of what was kept and dropped."""
    quiet_progress(params.runtime.progress)
    queries, documents = read_jsonl(TRAIN / "queries.jsonl"), read_jsonl(TRAIN / "documents.jsonl")
    check_training(queries, read_json(TRAIN / "guard.json"), f"stage negatives ({TRAIN / 'queries.jsonl'})")
    records: list[dict[str, Any]] = []
    dropped: Counter[str] = Counter()
    short = []
    for source in sorted({q["source"] for q in queries}):
        own = [q for q in queries if q["source"] == source]
        passages = {d["id"]: d["passages"] for d in documents if d["source"] == source}
        runs = _candidates(params, own, passages)
        scorers = {miner: run.__getitem__ for miner, run in runs.items()}
        for query in own:
            mined = mine_query(query, list(passages), scorers, params.negatives, params.seed)
            found, counts = judged_first(query, mined, params.negatives)
            records += found
            dropped.update(counts)
            if params.negatives.miners and len(found) < params.negatives.per_query:
                short.append(query["id"])
    with replacing(NEGATIVES) as folder:
        write_jsonl(folder / "negatives.jsonl", records)
        write_json(
            folder / "summary.json",
            {
                "queries": len(queries),
                "negatives": len(records),
                "by_miner": dict(Counter(miner for r in records for miner in r["miners"])),
                "dropped": dict(dropped),
                "queries_with_fewer_than_asked": short,
            },
        )


if __name__ == "__main__":
    run_stage("negatives", main)
