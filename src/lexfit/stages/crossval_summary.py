"""Stage crossval_summary: out-of-fold scores of every training query, with intervals and paired tests."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from lexfit.corpus.protocols import NO_FOLD
from lexfit.evaluation.claim import MAIN, MEASURES, compare
from lexfit.evaluation.runs import read_run
from lexfit.evaluation.trec import Qrels, evaluate
from lexfit.io import write_json, write_tsv
from lexfit.jsonl import read_jsonl
from lexfit.stages.common import BASELINE, CROSSVAL, CROSSVAL_SUMMARY, TRAIN, replacing, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.evaluation.runs import Run


def remove_other_folds(folds: list[int]) -> None:
    """Delete folders of folds that an earlier run with more folds left; this stage depends on their parent."""
    for folder in CROSSVAL.glob("fold-*"):
        if folder.name not in {f"fold-{fold}" for fold in folds}:
            shutil.rmtree(folder)


def main(params: Params) -> None:
    """Write data/crossval_summary/summary.json and per_query.tsv.

    Relevance is that of documents with text, as mteb counts it; each query is ranked by the model of the
    fold that held it out. With `crossval.run: false` the summary is null.
    """
    if not params.crossval.run:
        remove_other_folds(params.crossval.folds)
        with replacing(CROSSVAL_SUMMARY) as folder:
            write_json(folder / "summary.json", None)
            write_tsv(folder / "per_query.tsv", ["query_id", "fold"], [])
        return
    queries = [q for q in read_jsonl(TRAIN / "queries.jsonl") if q["fold"] != NO_FOLD]
    present = {d["id"] for d in read_jsonl(TRAIN / "documents.jsonl")}
    qrels: Qrels = {q["id"]: {d: 1 for d in q["positives"] if d in present} for q in queries}
    remove_other_folds(params.crossval.folds)
    finetuned: Run = {}
    for fold in params.crossval.folds:
        finetuned |= read_run(CROSSVAL / f"fold-{fold}" / "run.tsv")
    runs = {
        "bm25": read_run(BASELINE / "bm25.tsv"),
        "untrained": read_run(BASELINE / "untrained.tsv"),
        "finetuned": finetuned,
    }
    scored = {name: evaluate(run, qrels) for name, run in runs.items()}
    summary = compare(scored, MEASURES, params.evaluation, params.seed)
    folds = {q["id"]: q["fold"] for q in queries}
    by_fold = {
        str(f): round(sum(v) / len(v), 5)
        for f in params.crossval.folds
        if (v := [scored["finetuned"][q][MAIN] for q in scored["finetuned"] if folds[q] == f])
    }
    with replacing(CROSSVAL_SUMMARY) as folder:
        write_json(
            folder / "summary.json",
            {
                "protocol": params.protocol.name,
                "folds": len(params.crossval.folds),
                "by_fold": by_fold,
                **summary,
            },
        )
        rows = [[q, folds[q], *(round(scored[m][q][MAIN], 5) for m in scored)] for q in scored["finetuned"]]
        write_tsv(folder / "per_query.tsv", ["query_id", "fold", *scored], rows)


if __name__ == "__main__":
    run_stage("crossval_summary", main)
