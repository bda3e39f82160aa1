"""Runs (rankings with scores) on disk, and BM25 rankings; no torch here."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from lexfit.io import atomic_writer, read_text
from lexfit.rows import number, placed_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

Run = dict[str, dict[str, float]]
HEADER = ["query_id", "doc_id", "rank", "score"]
DEPTH = 1000


def order(scores: dict[str, float]) -> list[str]:
    """Documents by falling score; ties by id, so that an order never depends on hashing."""
    return sorted(scores, key=lambda doc_id: (-scores[doc_id], doc_id))


def write_run(path: Path, run: Run) -> None:
    """Write a run as TSV, the first 1000 documents of each query."""
    with atomic_writer(path) as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(HEADER)
        for query_id, scores in run.items():
            for rank, doc_id in enumerate(order(scores)[:DEPTH], 1):
                writer.writerow([query_id, doc_id, rank, repr(scores[doc_id])])


def read_run(path: Path) -> Run:
    """Read a run that `write_run` wrote."""
    return run_of(read_text(path), str(path))


def run_of(text: str, where: str) -> Run:
    """A run from what `write_run` wrote; `where` it stands is for errors."""
    run: Run = {}
    for place, row in placed_rows(text, where, HEADER, "\t"):
        run.setdefault(row["query_id"], {})[row["doc_id"]] = number(row["score"], place)
    return run


def max_passage(scores: np.ndarray, owners: Sequence[str]) -> dict[str, float]:
    """Each document's best passage score.

    Args:
        scores: Shape (passages,).
        owners: The document of each passage.
    """
    best: dict[str, float] = {}
    for owner, score in zip(owners, scores.tolist(), strict=True):
        if owner not in best or score > best[owner]:
            best[owner] = score
    return best


def bm25_run(queries: dict[str, str], passages: dict[str, list[str]]) -> Run:
    """Rank every document by rank-bm25's BM25Okapi (its defaults), by best passage where split."""
    from lexfit.negatives.bm25 import Okapi  # noqa: PLC0415  (imports numpy)

    owners = [doc_id for doc_id, parts in passages.items() for _ in parts]
    index = Okapi([part for parts in passages.values() for part in parts])
    return {query_id: max_passage(index.scores(text), owners) for query_id, text in queries.items()}
