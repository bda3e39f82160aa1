"""BM25 over 100,000 documents by 1,000 queries: lexfit against rank-bm25's loop and against bm25s.

Needs LEXFIT_CENTRAL_ACTS (sections.jsonl.gz or its folder) and bm25s, which is no dependency of lexfit:
`pip install --no-deps --target /tmp/bm25s bm25s==0.3.16`, and /tmp/bm25s on PYTHONPATH. Where numba is found too
(it and llvmlite install likewise), bm25s is also measured with it.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.aila import RESULTS, machine
from benchmarks.measured import run_measured
from benchmarks.speed import say
from lexfit.corpus.ngrams import words
from lexfit.evaluation.central_acts import find_sections, section_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENTS, QUERIES, K, SEED = 100_000, 1000, 100, 42
# rank-bm25 would take most of an hour: it scores the first queries, which are as random as the others.
LOOPED = 50
PASSES = 3


def make_collection() -> tuple[list[str], list[str]]:
    """Documents and queries, drawn with a seed from the sections of the Central Acts.

    A document is the beginning of one section and the end of another; a query is three runs of 20 words.
    """
    path = find_sections(None)
    sections = [body.split() for _, _, body in section_pairs(path.read_bytes(), str(path))]
    sections = [body for body in sections if len(body) >= 20]
    draw = random.Random(SEED)
    documents, queries = [], []
    for _ in range(DOCUMENTS):
        head, tail = draw.choice(sections), draw.choice(sections)
        head, tail = head[: draw.randint(10, len(head))], tail[draw.randint(0, len(tail) - 10) :]
        documents.append(" ".join(head + tail))
    for _ in range(QUERIES):
        parts: list[str] = []
        for body in draw.choices(sections, k=3):
            start = draw.randint(0, len(body) - 20)
            parts += body[start : start + 20]
        queries.append(" ".join(parts))
    return documents, queries


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """A result and the CPU seconds that it took."""
    start = time.process_time()
    result = function()
    return result, time.process_time() - start


def fastest(function: Callable[[], Any]) -> tuple[Any, float]:
    """The last result of a few passes, and the fewest CPU seconds of a pass."""
    passes = [timed(function) for _ in range(PASSES)]
    return passes[-1][0], min(seconds for _, seconds in passes)


def run_texts(documents: list[str], queries: list[str]) -> dict[str, Any]:
    """Nothing but the texts: the memory that every row has in it, and the cost of splitting into words."""
    _, seconds = timed(lambda: [None for text in documents if not words(text)])
    return {"index_seconds": seconds, "query_seconds": 0.0, "queries": len(queries)}


def run_rank_bm25(documents: list[str], queries: list[str]) -> dict[str, Any]:
    """The loop over `get_scores`, without any selection of the best."""
    from rank_bm25 import BM25Okapi

    index, built = timed(lambda: BM25Okapi(words(text) or [""] for text in documents))
    scores, seconds = timed(lambda: [index.get_scores(words(query)) for query in queries[:LOOPED]])
    top = [np.argsort(-row, kind="stable")[:K] for row in scores]
    return {
        "index_seconds": built,
        "query_seconds": seconds * len(queries) / LOOPED,
        "queries": LOOPED,
        "positions": [row.tolist() for row in top],
        "scores": [row[best].tolist() for row, best in zip(scores, top, strict=True)],
    }


def run_lexfit(documents: list[str], queries: list[str]) -> dict[str, Any]:
    """The index, and the best `K` of each query."""
    from lexfit.negatives.bm25 import Okapi

    index, built = timed(lambda: Okapi(documents))
    (positions, scores), seconds = fastest(lambda: index.top_k(queries, K))
    return {
        "index_seconds": built,
        "query_seconds": seconds,
        "queries": len(queries),
        "positions": positions[:LOOPED].tolist(),
        "scores": scores[:LOOPED].tolist(),
    }


def run_bm25s(documents: list[str], queries: list[str], backend: str = "numpy") -> dict[str, Any]:
    """bm25s with its own tokenizer on the same words, one thread, and the variant nearest to Okapi's.

    That is ATIRE's term frequency with Robertson's idf; where that is negative, bm25s has another floor than rank-bm25.
    """
    import bm25s

    options = {"token_pattern": r"\w+", "stopwords": None, "show_progress": False}

    def build() -> Any:
        index = bm25s.BM25(k1=1.5, b=0.75, method="atire", idf_method="robertson", backend=backend)
        index.index(bm25s.tokenize(documents, **options), show_progress=False)
        return index

    def retrieve(some: list[str]) -> Any:
        tokens = bm25s.tokenize(some, return_ids=False, **options)
        return index.retrieve(tokens, k=K, show_progress=False, n_threads=1)

    index, built = timed(build)
    retrieve(queries[:2])  # numba compiles
    _, seconds = fastest(lambda: retrieve(queries))
    return {"index_seconds": built, "query_seconds": seconds, "queries": len(queries)}


KINDS: dict[str, Callable[[list[str], list[str]], dict[str, Any]]] = {
    "texts": run_texts,
    "rank_bm25": run_rank_bm25,
    "lexfit": run_lexfit,
    "bm25s": run_bm25s,
    "bm25s_numba": lambda documents, queries: run_bm25s(documents, queries, "numba"),
}


def measure(kind: str, collection: Path) -> dict[str, Any]:
    """One kind in a process of its own, of one thread, that reads the collection, one text a line."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    found = run_measured("benchmarks.bm25", [kind, str(collection)], one)
    found["both_seconds"] = found["index_seconds"] + found["query_seconds"]
    return {key: round(value, 3) if key.endswith("_seconds") else value for key, value in found.items()}


def main() -> None:
    """Measure every kind and write benchmarks/results/bm25.json."""
    if find_spec("bm25s") is None:
        raise SystemExit(f"bm25s is not installed.\n{__doc__}")
    kinds = [kind for kind in KINDS if kind != "bm25s_numba" or find_spec("numba")]
    with tempfile.TemporaryDirectory() as scratch:
        collection = Path(scratch) / "collection.txt"
        # By a process too: a child's peak memory begins at its parent's, which therefore has to stay small.
        run_measured("benchmarks.bm25", ["collection", str(collection)], {})
        rows = {kind: measure(kind, collection) for kind in kinds}
    own, loop = rows["lexfit"], rows["rank_bm25"]
    same = {key: own.pop(key) == loop.pop(key) for key in ("positions", "scores")}
    ratios: dict[str, Any] = {}
    for kind in kinds[1:]:
        ratios[kind] = {
            f"{part}_to_lexfit": round(rows[kind][f"{part}_seconds"] / own[f"{part}_seconds"], 2)
            for part in ("index", "query", "both")
        }
        ratios[kind]["peak_memory_to_lexfit"] = round(rows[kind]["peak_mib"] / own["peak_mib"], 2)
        say(f"{kind}: {rows[kind]}, {ratios[kind]}")
    say(f"lexfit's best {K} of {LOOPED} queries are rank-bm25's, bit by bit: {same}")
    results = {
        "machine": machine(), "documents": DOCUMENTS, "queries": QUERIES, "k": K, "seed": SEED,
        "rank_bm25_queries": f"{LOOPED}, scaled to {QUERIES}", "best_of_passes": PASSES, "identical_to_rank_bm25": same,
        "rows": rows, "ratios": ratios,
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "bm25.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def main_of_process(out: str, kind: str, collection: str) -> None:
    """Write the collection, or run one kind on it and write what it found."""
    if kind == "collection":
        documents, queries = make_collection()
        Path(collection).write_text("\n".join(documents + queries), encoding="utf-8")
        Path(out).write_text("{}", encoding="utf-8")
        return
    with Path(collection).open(encoding="utf-8") as stream:
        texts = [line.rstrip("\n") for line in stream]
    Path(out).write_text(json.dumps(KINDS[kind](texts[:DOCUMENTS], texts[DOCUMENTS:])), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        main_of_process(*sys.argv[1:])
