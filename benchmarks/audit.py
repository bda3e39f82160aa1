"""The audit without embeddings at size: time, memory, and whether what is planted is found.

Usage: LEXFIT_CENTRAL_ACTS=sections.jsonl.gz python -m benchmarks.audit
"""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.aila import REPO, RESULTS, machine, make_params
from lexfit.corpus.audit import Rules, compare_texts
from lexfit.corpus.ngrams import shingles
from lexfit.corpus.source_groups import find_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = "LEXFIT_CENTRAL_ACTS"
QUERIES, QUERY_WORDS, DOCUMENT_WORDS, SPAN = 1000, 400, 200, 25
PLANTED = 100
SIZES = [10_000, 100_000]


def sections() -> list[list[str]]:
    """Words of each section of the Central Acts that has enough of them."""
    given = os.environ.get(ENVIRONMENT)
    if not given:
        raise SystemExit(f"set {ENVIRONMENT} to sections.jsonl.gz")
    with gzip.open(given, "rt", encoding="utf-8") as stream:
        texts = [json.loads(line)["text"].split() for line in stream]
    return [words for words in texts if len(words) >= SPAN]


def recombined(source: list[list[str]], words: int, rng: random.Random) -> str:
    """A text of spans from sections drawn at random."""
    found: list[str] = []
    while len(found) < words:
        section = rng.choice(source)
        start = rng.randrange(len(section) - SPAN + 1)
        found += section[start : start + SPAN]
    return " ".join(found[:words])


def planted_texts(queries: list[str]) -> dict[str, str]:
    """Copies, near copies (each twentieth word another), halves inside other text, and retold ones, by id.

    A retold one keeps three words and changes two: no run of ten is left, and source_groups alone can tell.
    """
    found: dict[str, str] = {}
    for number in range(PLANTED):
        words = queries[number].split()
        found[f"copy-{number}"] = " ".join(words)
        found[f"near-{number}"] = " ".join(f"x{i}" if i % 20 == 19 else w for i, w in enumerate(words))
        half = len(words) // 2 + 10
        found[f"half-{number}"] = " ".join([f"y{number}n{i}" for i in range(150)] + words[:half])
        kept = [w if i % 5 < 3 else f"z{i}" for i, w in enumerate(words)]
        found[f"retold-{number}"] = " ".join([f"y{number}m{i}" for i in range(QUERY_WORDS)] + kept)
    return found


def run(count: int) -> dict[str, Any]:
    """Audit `count` documents, the planted ones among them."""
    rng = random.Random(0)
    source = sections()
    rng.shuffle(source)
    held = source[: len(source) // 10]
    known = {run for words in held for run in shingles(" ".join(words), 8)}
    # Acts repeat each other's sections: documents are made of those that no query's section shares eight words with.
    rest = [words for words in source[len(held) :] if known.isdisjoint(shingles(" ".join(words), 8))]
    queries = [recombined(held, QUERY_WORDS, rng) for _ in range(QUERIES)]
    planted = planted_texts(queries)
    records = [{"id": str(i), "role": "test", "text": text} for i, text in enumerate(queries)]
    texts = {str(i): recombined(rest, DOCUMENT_WORDS, rng) for i in range(count - len(planted))} | planted
    made = time.process_time()
    params = make_params()

    def training() -> Iterator[tuple[str, dict[str, Any], str]]:
        for key, text in texts.items():
            yield "document", {"id": key, "source": "other"}, text

    pairs = compare_texts(training(), records, [], Rules(params.protocol, params.audit, {}), params.seed)
    compared = time.process_time()
    sources = find_sources(texts, dict(zip(map(str, range(QUERIES)), queries, strict=True)))
    leaks = {(p["training"], p["evaluation"]) for p in pairs if p["leak"]}
    taken = {(m.group, m.query) for m in sources}
    found = {
        kind: sum((f"{kind}-{i}", str(i)) in (taken if kind == "retold" else leaks) for i in range(PLANTED))
        for kind in ("copy", "near", "half", "retold")
    }
    innocent = {key for key, _ in leaks | taken if key not in planted}
    return {
        "documents": count,
        "queries": QUERIES,
        "planted": PLANTED,
        "found": found,
        "innocent_documents_flagged": len(innocent),
        "texts_cpu_seconds": round(compared - made, 1),
        "sources_cpu_seconds": round(time.process_time() - compared, 1),
    }


def measure(count: int) -> dict[str, Any]:
    """`run` in a process of its own, with what the kernel counted for it, start and making the texts included."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "out.json"
        environment = {**os.environ, "PYTHONPATH": f"{REPO / 'src'}{os.pathsep}{REPO}"}
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.audit", str(count), str(out)], env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{count} documents failed with status {status}")
        return {
            **json.loads(out.read_text(encoding="utf-8")),
            "wall_seconds": round(time.perf_counter() - start, 1),
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
            "peak_mib": usage.ru_maxrss // 1024,
        }


def main() -> None:
    """Measure each size and write benchmarks/results/audit.json."""
    found = []
    for count in SIZES:
        found.append(measure(count))
        print(found[-1], flush=True)
    result = {"machine": machine(), "runs": found}
    (RESULTS / "audit.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[2]).write_text(json.dumps(run(int(sys.argv[1]))), encoding="utf-8")
    else:
        main()
