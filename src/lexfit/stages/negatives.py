"""Stage negatives: mine hard negatives for the training queries, from the documents of their own source."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

from lexfit.cache import cache_folder, code_digest, digest, forget_old, kept
from lexfit.corpus.guard import check_training
from lexfit.io import read_json, write_json
from lexfit.jsonl import iter_jsonl, read_jsonl, shards_of, write_jsonl
from lexfit.negatives.judged import judged_first
from lexfit.negatives.mining import Pool, mine_query
from lexfit.stages.common import NEGATIVES, TRAIN, quiet_progress, replacing, run_stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lexfit.config import Params
    from lexfit.evaluation.runs import Run

logger = logging.getLogger(__name__)
SHARD = 4096  # queries mined before their candidates are forgotten


def _dense(params: Params, queries: list[dict[str, Any]], passages: dict[str, list[str]]) -> Run:
    from lexfit.evaluation.cached_encoder import cached
    from lexfit.negatives.dense import dense_candidates
    from lexfit.training.base_models import load_base_model

    texts = {q["id"]: q["clean_text"] for q in queries}
    known = {q["id"]: q["positives"] for q in queries}
    model = cached(load_base_model(params.model, params.hardware, params.runtime), params.runtime)
    batch, progress = params.evaluation.batch_size, params.runtime.progress
    return dense_candidates(
        model, texts, passages, params.negatives.rank_max, known, batch_size=batch, progress=progress
    )


def shards(
    params: Params, queries: list[dict[str, Any]], passages: dict[str, list[str]], folder: Path
) -> Iterator[tuple[list[dict[str, Any]], dict[str, Run]]]:
    """Some queries after the others, with those scores by miner that mining needs.

    Args:
        params: The miners, and the model of the dense one.
        queries: Of one source.
        passages: Of its documents.
        folder: Where BM25's scores of many queries are kept until all are done, for a run that is killed to go on.
    """
    miners, depth = params.negatives.miners, params.negatives.rank_max
    dense = _dense(params, queries, passages) if "dense" in miners else {}
    index: Any = None
    for start in range(0, len(queries), SHARD):
        own = queries[start : start + SHARD]
        runs: dict[str, Run] = {"dense": dense} if "dense" in miners else {}

        def bm25(own: list[dict[str, Any]] = own) -> Run:
            nonlocal index
            if index is None:
                from lexfit.negatives.candidates import Bm25Candidates

                index = Bm25Candidates(passages)
            found: Run = index.run(
                {q["id"]: q["clean_text"] for q in own}, depth, {q["id"]: q["positives"] for q in own}
            )
            return found

        if "bm25" in miners:
            many = len(queries) > SHARD
            runs["bm25"] = kept(folder / f"{start}.json", bm25) if many else bm25()
            if many:
                logger.info("BM25: %d of %d queries", start + len(own), len(queries))
        yield own, runs


def main(params: Params) -> None:
    """Write data/negatives/negatives.jsonl and a summary of what was kept and dropped."""
    quiet_progress(params.runtime.progress)
    queries = read_jsonl(TRAIN / "queries.jsonl")
    check_training(queries, read_json(TRAIN / "guard.json"), f"stage negatives ({TRAIN / 'queries.jsonl'})")
    counts: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    short = []
    data: list[Any] = [digest(queries), params.negatives.rank_max]
    for file in shards_of(TRAIN / "documents.jsonl"):
        with file.open("rb") as stream:
            data.append(hashlib.file_digest(stream, "sha256").hexdigest())
    folder = cache_folder("mining") / digest([*data, code_digest()])
    forget_old(folder)

    def negatives() -> Iterator[dict[str, Any]]:
        for number, source in enumerate(sorted({q["source"] for q in queries})):
            passages = {
                d["id"]: d["passages"] for _, d in iter_jsonl(TRAIN / "documents.jsonl") if d["source"] == source
            }
            pool = Pool(list(passages))
            of_source = [q for q in queries if q["source"] == source]
            for own, runs in shards(params, of_source, passages, folder / str(number)):
                scorers = {miner: run.__getitem__ for miner, run in runs.items()}
                for query in own:
                    mined = mine_query(query, pool, scorers, params.negatives, params.seed)
                    found, reasons = judged_first(query, mined, params.negatives)
                    dropped.update(reasons)
                    counts.update(miner for r in found for miner in r["miners"])
                    if params.negatives.miners and len(found) < params.negatives.per_query:
                        short.append(query["id"])
                    yield from found

    with replacing(NEGATIVES) as out:
        written = write_jsonl(out / "negatives.jsonl", negatives())
        write_json(
            out / "summary.json",
            {
                "queries": len(queries),
                "negatives": written,
                "by_miner": dict(counts),
                "dropped": dict(dropped),
                "queries_with_fewer_than_asked": short,
            },
        )
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    run_stage("negatives", main)
