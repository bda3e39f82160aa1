"""The second-stage systems of a run: where their rankings of held-out folds are, and rankings by their final models."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from lexfit.evaluation.runs import read_run
from lexfit.jsonl import read_jsonl
from lexfit.second_stage.groups import restricted
from lexfit.second_stage.names import names_of
from lexfit.second_stage.plan import NESTED, first_stage_run, name_of, read_whole
from lexfit.second_stage.rows import FIRST, LEXICAL
from lexfit.stages.common import BASELINE, EVAL, LISTWISE, MODEL, NEIGHBOURS, RERANKERS, STUDENTS, TRAIN
from lexfit.training.phases import MODEL_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from lexfit.config import Params
    from lexfit.evaluation.runs import Run


def folders(params: Params) -> dict[str, Path]:
    """Output folder of each system beside BM25 and the first stage, in the order of the table."""
    own = params.second_stage
    found = {name: NEIGHBOURS / name for name in own.neighbours} | {name: RERANKERS / name for name in own.rerankers}
    return found | {name: LISTWISE / name for name in own.listwise}


def in_place(params: Params) -> list[str]:
    """Students and soups: models that take the first stage's place."""
    return [*params.second_stage.students, *params.second_stage.soups]


def remove_other_systems(params: Params) -> None:
    """Delete what systems of an earlier run left; stage second_stage depends on the folders of all."""
    kept = {*folders(params).values(), *(STUDENTS / name for name in in_place(params))}
    for parent in (NEIGHBOURS, RERANKERS, LISTWISE, STUDENTS):
        for folder in parent.iterdir():
            if folder.is_dir() and folder not in kept:
                shutil.rmtree(folder)


def document_texts(passages: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Whole texts of the documents that are ranked, those of the task or of a further source."""
    records = [*read_jsonl(EVAL / "documents.jsonl"), *read_jsonl(EVAL / "further_documents.jsonl")]
    texts = {d["id"]: str(d["text"]) for d in records}
    return {doc_id: texts[doc_id] for doc_id in passages}


def fold_systems(params: Params) -> dict[str, Callable[[frozenset[int]], Run]]:
    """Each system's ranking of the queries of the folds that it was trained without."""
    lexical = read_run(BASELINE / "bm25.tsv")
    fold_of = {q["id"]: q["fold"] for q in read_jsonl(TRAIN / "queries.jsonl") if q["source"] == "task"}

    def bm25(excluded: frozenset[int]) -> Run:
        return restricted(lexical, [q for q, fold in fold_of.items() if fold in excluded])

    def written(folder: Path, excluded: frozenset[int]) -> Run:
        return read_whole(folder / "folds" / f"{name_of(excluded)}.tsv")

    systems: dict[str, Callable[[frozenset[int]], Run]] = {FIRST: first_stage_run, LEXICAL: bm25}
    return systems | {name: partial(written, folder) for name, folder in folders(params).items()}


def student_run(params: Params, name: str, queries: dict[str, str], passages: dict[str, list[str]]) -> Run:
    """Scores of all documents by a final student or soup, or out of fold where the protocol's claim is.

    Args:
        params: Protocol, folds, encoding.
        name: Of the student or soup.
        queries: Text by query id.
        passages: Passages by document id.
    """
    if params.protocol.name in NESTED:
        runs = [read_whole(STUDENTS / name / "folds" / f"{fold}.tsv") for fold in params.crossval.folds]
        return restricted({query_id: scores for run in runs for query_id, scores in run.items()}, queries)
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    from lexfit.evaluation.cached_encoder import cached  # noqa: PLC0415
    from lexfit.evaluation.dense import dense_run  # noqa: PLC0415
    from lexfit.training.base_models import check_device, prepare_torch  # noqa: PLC0415

    prepare_torch(params.hardware, params.seed)
    student = SentenceTransformer(str(STUDENTS / name / MODEL_FOLDER), device=check_device(params.runtime))
    options = (params.evaluation.batch_size, params.runtime.progress)
    return dense_run(cached(student, params.runtime), queries, passages, *options)


def final_runs(params: Params, queries: dict[str, str], passages: dict[str, list[str]]) -> dict[str, Run]:
    """Every system's scores by its final model.

    Args:
        params: Second stage, encoding, hardware.
        queries: Text by query id; BM25 ranked them in stage baseline.
        passages: Passages by document id, all candidates.
    """
    from sentence_transformers import CrossEncoder, SentenceTransformer  # noqa: PLC0415

    from lexfit.evaluation.cached_encoder import cached  # noqa: PLC0415
    from lexfit.evaluation.dense import dense_run  # noqa: PLC0415
    from lexfit.second_stage.listwise import Lister, name_statutes  # noqa: PLC0415
    from lexfit.second_stage.neighbours import neighbour_run  # noqa: PLC0415
    from lexfit.second_stage.reranker import rerank  # noqa: PLC0415
    from lexfit.training.base_models import check_device, prepare_torch  # noqa: PLC0415

    prepare_torch(params.hardware, params.seed)
    own, device, batch = params.second_stage, check_device(params.runtime), params.evaluation.batch_size
    model = cached(SentenceTransformer(str(MODEL / MODEL_FOLDER), device=device), params.runtime)
    first = dense_run(model, queries, passages, batch, params.runtime.progress)
    runs = {FIRST: first, LEXICAL: restricted(read_run(BASELINE / "bm25.tsv"), queries)}
    if own.neighbours:
        records = {name: read_jsonl(TRAIN / f"{name}.jsonl") for name in ("queries", "documents", "pairs")}
        for name in own.neighbours:
            runs[name] = neighbour_run(params, name, records, queries, targets=list(passages), excluded=frozenset())
    for name, settings in own.rerankers.items():
        reader = CrossEncoder(str(RERANKERS / name / "model"), device=device)
        runs[name] = rerank(reader, queries, passages, first, settings, depth=own.depth, batch_size=batch)
    if own.listwise:
        texts = document_texts(passages)
        for name, chosen in own.listwise.items():
            lister = Lister(chosen, params.hardware, params.runtime, LISTWISE / name / "model")
            runs[name] = name_statutes(lister, queries, names_of(texts, chosen.name_words), batch)
    return runs
