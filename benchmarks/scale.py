"""The stages up to negatives on 10,000 to 1,000,000 passages and a tenth as many queries: seconds and memory of each.

Passages and queries are spans of Central Acts sections joined at random; a query has words of its two positives.
`mining` is the work of `negatives` with queries and passages apart: seconds to build the index and to find each query's
best 100, for 1,000 queries over each size, and for 10,000 over the middle one.
Usage: LEXFIT_CENTRAL_ACTS=sections.jsonl.gz python -m benchmarks.scale [SIZE … | mining]
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.aila import REPO, RESULTS, machine
from benchmarks.audit import recombined, sections
from lexfit.compose import compose
from lexfit.io import atomic_writer

if TYPE_CHECKING:
    from collections.abc import Iterable

SIZES = [10_000, 100_000, 1_000_000]
STAGES = ["synthetic", "raw", "clean", "pairs", "audit", "negatives"]
PASSAGE_WORDS, QUERY_WORDS = 100, 40
OVERRIDES = [
    "data=beir", "data.license=cc0-1.0", "protocol=holdout", "negatives=bm25", "audit=text", "crossval=none",
    "runtime.progress=false", "card.name=scale",
]  # fmt: skip


def write(path: Path, records: Iterable[dict[str, str]]) -> None:
    """One file, as BEIR has it, however many records there are."""
    with atomic_writer(path) as stream:
        stream.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def write_collection(folder: Path, size: int, seed: int = 0) -> None:
    """A retrieval data set in BEIR layout, with train and test queries."""
    rng, source = random.Random(seed), sections()
    texts = [recombined(source, PASSAGE_WORDS, rng) for _ in range(size)]
    (folder / "qrels").mkdir(parents=True)
    write(folder / "corpus.jsonl", ({"_id": f"d{i}", "title": "", "text": t} for i, t in enumerate(texts)))
    queries, qrels = [], {"train": ["query-id\tcorpus-id\tscore"], "test": ["query-id\tcorpus-id\tscore"]}
    for number in range(size // 10):
        positives = rng.sample(range(size), 2)
        words = [word for i in positives for word in rng.sample(texts[i].split(), QUERY_WORDS // 2)]
        queries.append({"_id": f"q{number}", "text": " ".join(words)})
        qrels["test" if number < size // 100 else "train"] += [f"q{number}\td{i}\t1" for i in positives]
    write(folder / "queries.jsonl", queries)
    for split, lines in qrels.items():
        (folder / "qrels" / f"{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run_stage(stage: str, workspace: Path) -> dict[str, float]:
    """Seconds and peak memory of a stage in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(REPO / "src"), "LEXFIT_CACHE": str(workspace / "cache")}
    start = time.perf_counter()
    process = os.posix_spawn(
        sys.executable, [sys.executable, "-c", _IN.format(workspace=str(workspace), stage=stage)], environment
    )
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"stage {stage} failed with status {status}")
    return {"seconds": round(time.perf_counter() - start, 1), "peak_mib": usage.ru_maxrss // 1024}


_IN = "import os, runpy; os.chdir({workspace!r}); runpy.run_module('lexfit.stages.{stage}', run_name='__main__')"


def measure(size: int) -> dict[str, Any]:
    """All stages at one size."""
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Path(scratch)
        # In a process of its own: Linux counts a parent's memory as its children's.
        spawning = multiprocessing.get_context("spawn")
        writer = spawning.Process(target=write_collection, args=(workspace / "collection", size))
        writer.start()
        writer.join()
        (workspace / "data").mkdir()
        (workspace / "data/sources").symlink_to(REPO / "data/sources")
        overrides = [*OVERRIDES, f"data.path={workspace / 'collection'}"]
        (workspace / "params.yaml").write_text(compose(overrides, REPO / "conf"), encoding="utf-8")
        found: dict[str, Any] = {}
        for stage in STAGES:
            found[stage] = run_stage(stage, workspace)
            print(size, stage, found[stage], flush=True)
        found["data_mib"] = sum(f.stat().st_size for f in (workspace / "data").rglob("*") if f.is_file()) // 2**20
        return found


def measure_mining(passages: int, queries: int) -> dict[str, Any]:
    """The stage's index over so many passages, asked so many queries."""
    from lexfit.negatives.bm25 import Okapi

    rng, source = random.Random(0), sections()
    texts = [recombined(source, PASSAGE_WORDS, rng) for _ in range(passages)]
    asked = [recombined(source, QUERY_WORDS, rng) for _ in range(queries)]
    start = time.perf_counter()
    index = Okapi(texts)
    built = time.perf_counter()
    index.top_k(asked, 100)
    ended = time.perf_counter()
    seconds = {"build_seconds": round(built - start, 1), "search_seconds": round(ended - built, 2)}
    found = {"passages": passages, "queries": queries, **seconds}
    print(found, flush=True)
    return found


def main() -> None:
    """Measure the given sizes, and write results/scale.json; sizes measured before stay."""
    out = RESULTS / "scale.json"
    before = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    if sys.argv[1:] == ["mining"]:
        rows = [measure_mining(*sizes) for sizes in ((SIZES[1], 10_000), *((size, 1_000) for size in SIZES))]
        before["mining"] = {"machine": machine(), "rows": rows}
        out.write_text(json.dumps(before, indent=2) + "\n", encoding="utf-8")
        return
    known = before.get("sizes", {})
    for size in [int(argument) for argument in sys.argv[1:]] or SIZES:
        known[str(size)] = measure(size)
        text = json.dumps({**before, "machine": machine(), "sizes": known}, indent=2) + "\n"
        out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
