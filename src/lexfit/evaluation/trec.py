"""trec_eval's measures, through pytrec_eval, and runs in TREC format."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import pytrec_eval

from lexfit.errors import LexfitError
from lexfit.io import decode_utf8, gunzip, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lexfit.corpus.records import Judgement
    from lexfit.evaluation.runs import Run

Qrels = dict[str, dict[str, int]]
PerQuery = dict[str, dict[str, float]]

# Our name, pytrec_eval's request, pytrec_eval's key.
MEASURES = {
    "ndcg_at_10": ("ndcg_cut.10", "ndcg_cut_10"),
    "map": ("map", "map"),
    "bpref": ("bpref", "bpref"),
    "recip_rank": ("recip_rank", "recip_rank"),
    "p_at_10": ("P.10", "P_10"),
    "recall_at_10": ("recall.10", "recall_10"),
}
GZIP = b"\x1f\x8b"
FIRE_MEASURES = ("map", "bpref", "recip_rank", "p_at_10")


def qrels_of(judgements: Iterable[Judgement], queries: Iterable[str]) -> Qrels:
    """Judgements of the given queries as pytrec_eval wants them."""
    wanted: Qrels = {query_id: {} for query_id in queries}
    for judgement in judgements:
        if judgement.query_id in wanted:
            wanted[judgement.query_id][judgement.doc_id] = judgement.score
    return wanted


def evaluate(run: Run, qrels: Qrels) -> PerQuery:
    """All `MEASURES` of each query in `qrels` that has a relevant document.

    A query without a ranking scores 0 rather than vanish from the mean, as with trec_eval's `-c`.
    """
    judged = {q: d for q, d in qrels.items() if any(score > 0 for score in d.values())}
    evaluator = pytrec_eval.RelevanceEvaluator(judged, {request for request, _ in MEASURES.values()})
    scored = evaluator.evaluate({q: run[q] for q in judged if run.get(q)})
    empty = {key: 0.0 for _, key in MEASURES.values()}
    return {q: {name: float(scored.get(q, empty)[key]) for name, (_, key) in MEASURES.items()} for q in judged}


def mean(per_query: PerQuery, measure: str) -> float:
    """Mean of a measure over queries."""
    return sum(scores[measure] for scores in per_query.values()) / len(per_query)


def parse_trec_run(text: str, where: str) -> Run:
    """A run in TREC format; ids such as `q7` and `90` become `AILA_Q7` and `S90`, the release's own."""
    run: Run = {}
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split()
        if not cells:
            continue
        try:
            query_id, _, doc_id, _, score, _ = cells
            value = float(score)
            if not math.isfinite(value):
                raise ValueError(f"{score} ranks nothing")
        except ValueError as error:
            raise LexfitError(
                f"{where}:{number}", "is not `query Q0 document rank score tag`", "Mend this line"
            ) from error
        query_id = re.sub(r"^q(\d+)$", r"AILA_Q\1", query_id)
        doc_id = re.sub(r"^(\d+)$", r"S\1", doc_id)
        if doc_id in run.setdefault(query_id, {}):
            raise LexfitError(f"{where}:{number}", f"ranks {doc_id} twice for {query_id}", "Leave one of the two out")
        run[query_id][doc_id] = value
    return run


def read_trec_run(path: Path) -> Run:
    """A run in TREC format from a file, plain or gzipped."""
    data, where = read_bytes(path), str(path)
    return parse_trec_run(decode_utf8(gunzip(data, where) if data[:2] == GZIP else data, where), where)
