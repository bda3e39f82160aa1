"""A run's ranking in TREC format, as the FIRE track takes it, checked against the measures that the run reports."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytrec_eval

from lexfit.corpus.protocols import NO_FOLD
from lexfit.corpus.records import read_collection
from lexfit.errors import LexfitError
from lexfit.evaluation.runs import DEPTH, order, read_run
from lexfit.evaluation.trec import evaluate, mean, qrels_of
from lexfit.io import write_text
from lexfit.jsonl import read_jsonl
from lexfit.stages.common import CROSSVAL, RAW, RESULTS, TRAIN

if TYPE_CHECKING:
    from pathlib import Path

    from lexfit.evaluation.runs import Run
    from lexfit.evaluation.trec import Qrels
    from lexfit.publishing.finished_run import FinishedRun

FIRE = "fire2019"


class Ranking(NamedTuple):
    """Scores of documents by query, what they are judged by, the run's own measures of them, and what they are."""

    name: str
    title: str
    run: Run
    qrels: Qrels
    reported: dict[str, Any]


def ranking_of(run: FinishedRun) -> Ranking | None:
    """The ranking that a run can show; None where the model trained on every query and no fold held one out.

    The FIRE 2019 test queries over all statutes where the run ranked those, else the queries that the protocol holds
    out, else (kfold) every query by the model of the fold that held it out.
    """
    protocol, scores = run.params.protocol.name, run.scores
    collection = read_collection(RAW / "task")
    if (RESULTS / "fire.tsv").exists() or protocol == FIRE:
        ranked = read_run(RESULTS / ("run.tsv" if protocol == FIRE else "fire.tsv"))
        reported = scores["claim"] if protocol == FIRE else scores["fire2019"]
        title = f"FIRE 2019 AILA task 2: {len(ranked)} queries over all statutes of the release"
        return Ranking(FIRE, title, ranked, qrels_of(collection.judgements, ranked), reported)
    if (RESULTS / "run.tsv").exists():
        ranked = read_run(RESULTS / "run.tsv")
        present = {d.id for d in collection.documents}
        known = qrels_of(collection.judgements, ranked)
        qrels = {q: {d: s for d, s in docs.items() if d in present} for q, docs in known.items()}
        title = f"{run.task}: {len(ranked)} queries that the protocol holds out"
        return Ranking(run.task, title, ranked, qrels, scores["claim"])
    if not run.folds:
        return None
    ranked = {}
    for fold in run.folds:
        ranked |= read_run(CROSSVAL / f"fold-{fold}" / "run.tsv")
    present = {d["id"] for d in read_jsonl(TRAIN / "documents.jsonl")}
    queries = [q for q in read_jsonl(TRAIN / "queries.jsonl") if q["fold"] != NO_FOLD]
    qrels = {q["id"]: {d: 1 for d in q["positives"] if d in present} for q in queries}
    title = f"{run.task}: {len(ranked)} queries, each ranked by the model of the fold that held it out"
    return Ranking(f"{run.task}.out_of_fold", title, ranked, qrels, scores["claim"])


def trec_id(word: str) -> str:
    """An id as the format can hold it: blanks, which part its columns, become `_`."""
    return re.sub(r"\s+", "_", word)


def renamed(scores: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A run or judgements under ids of `trec_id`.

    Raises:
        LexfitError: Two ids become one.
    """
    for ids in (set(scores), {doc_id for docs in scores.values() for doc_id in docs}):
        taken: dict[str, str] = {}
        for word in sorted(ids):
            if taken.setdefault(trec_id(word), word) != word:
                raise LexfitError(
                    f"id {word!r}",
                    f"is the same as {taken[trec_id(word)]!r} in a TREC run, which has no blanks in ids",
                    "Rename one of them in the data",
                )
    return {trec_id(q): {trec_id(d): score for d, score in docs.items()} for q, docs in scores.items()}


def format_run(run: Run, tag: str) -> str:
    """Lines of `query Q0 document rank score tag`, ranks from 1, scores with every digit."""
    return "".join(
        f"{query_id} Q0 {doc_id} {rank} {scores[doc_id]!r} {tag}\n"
        for query_id, scores in renamed(run).items()
        for rank, doc_id in enumerate(order(scores), 1)
    )


def write_trec_run(path: Path, ranking: Ranking, tag: str) -> dict[str, float]:
    """Write the run file and return the measures of what was written, which must be those that the run reports.

    Args:
        path: The file.
        ranking: Of `ranking_of`.
        tag: Last column of each line, the name of the model.

    Raises:
        LexfitError: pytrec_eval, reading the file, finds other measures than the run reports of this model.
    """
    write_text(path, format_run(ranking.run, tag))
    with path.open(encoding="utf-8") as stream:
        scored = evaluate(pytrec_eval.parse_run(stream), renamed(ranking.qrels))
    reported = ranking.reported["methods"]["finetuned"]
    measures = {name: round(mean(scored, name), 5) for name in next(iter(scored.values())) if name in reported}
    # Rankings are kept to a depth; where that cuts one off, measures of the whole ranking can't be compared.
    cut = any(len(scores) >= DEPTH for scores in ranking.run.values())
    for name, value in measures.items():
        if not math.isclose(value, reported[name], abs_tol=1.1e-5) and (not cut or name.endswith("_at_10")):
            raise LexfitError(
                path.name,
                f"scores {name} {value}, and the run reports {reported[name]}: it isn't the ranking of this model",
                "Run `dvc repro`",
            )
    return measures
