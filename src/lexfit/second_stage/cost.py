"""What a query costs by each row of the second stage's table, on this machine."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Any

from lexfit.evaluation.inputs import ranking_inputs
from lexfit.second_stage.rows import FIRST, LEXICAL, rows_of, student_row
from lexfit.second_stage.systems import document_texts, folders, in_place

if TYPE_CHECKING:
    from collections.abc import Callable

    from lexfit.config import Params


def timed(call: Callable[[str], object], queries: list[str]) -> list[float]:
    """Milliseconds of each call; one goes before, untimed."""
    call(queries[0])
    out = []
    for query in queries:
        start = time.perf_counter()
        call(query)
        out.append(1000 * (time.perf_counter() - start))
    return out


def callers(params: Params) -> dict[str, Callable[[str], object]]:
    """For each system what it does for one query once everything is loaded and the documents are indexed."""
    import numpy as np  # noqa: PLC0415
    from sentence_transformers import CrossEncoder, SentenceTransformer  # noqa: PLC0415

    from lexfit.jsonl import read_jsonl  # noqa: PLC0415
    from lexfit.negatives.bm25 import Okapi  # noqa: PLC0415
    from lexfit.second_stage.listwise import Lister, name_statutes  # noqa: PLC0415
    from lexfit.second_stage.mining import miner_model  # noqa: PLC0415
    from lexfit.second_stage.names import names_of  # noqa: PLC0415
    from lexfit.second_stage.neighbours import vote  # noqa: PLC0415
    from lexfit.second_stage.reranker import rerank  # noqa: PLC0415
    from lexfit.stages.common import LISTWISE, MODEL, RERANKERS, TRAIN  # noqa: PLC0415
    from lexfit.training.base_models import check_device, load_base_model, prepare_torch  # noqa: PLC0415
    from lexfit.training.phases import MODEL_FOLDER  # noqa: PLC0415

    prepare_torch(params.hardware, params.seed)
    device = check_device(params.runtime)
    _, passages = ranking_inputs(params.clean.split, training=False)[0]
    texts = [part for parts in passages.values() for part in parts]
    model = SentenceTransformer(str(MODEL / MODEL_FOLDER), device=device)
    vectors = model.encode_document(texts, convert_to_tensor=True, show_progress_bar=False)
    index = Okapi(texts)
    found: dict[str, Callable[[str], object]] = {
        FIRST: lambda text: model.similarity(model.encode_query([text], convert_to_tensor=True), vectors),
        LEXICAL: index.scores,
    }
    if params.second_stage.neighbours:
        voter = load_base_model(miner_model(params), params.hardware, params.runtime)
        queries = read_jsonl(TRAIN / "queries.jsonl")
        rng = np.random.default_rng(params.seed)
        theirs = rng.normal(size=(len(queries), len(vectors[0]))).astype(np.float32)
        judged = [{texts[0]: 1.0} for _ in queries]
        for name, own in params.second_stage.neighbours.items():

            def ask(text: str, own: Any = own) -> object:
                mine = voter.encode_query([text], show_progress_bar=False)
                return vote(mine @ theirs.T, judged, texts[:1], own)

            found[name] = ask
    head = {"q": {doc_id: float(-place) for place, doc_id in enumerate(passages)}}
    for name, settings in params.second_stage.rerankers.items():
        reader = CrossEncoder(str(RERANKERS / name / "model"), device=device)

        def read(text: str, reader: Any = reader, settings: Any = settings) -> object:
            sizes = {"depth": params.second_stage.depth, "batch_size": params.evaluation.batch_size}
            return rerank(reader, {"q": text}, passages, head, settings, **sizes)

        found[name] = read
    for name, chosen in params.second_stage.listwise.items():
        lister = Lister(chosen, params.hardware, params.runtime, LISTWISE / name / "model")
        names = names_of(document_texts(passages), chosen.name_words)

        def write(text: str, lister: Any = lister, names: Any = names) -> object:
            return name_statutes(lister, {"q": text}, names, 1)

        found[name] = write
    return found


def measure(params: Params, machine: str) -> dict[str, Any]:
    """Median milliseconds by system, and by row: the first stage's, and those of what a row adds.

    Args:
        params: Those of a finished run.
        machine: What it is measured on.
    """
    queries = list(ranking_inputs(params.clean.split, training=False)[0][0].values())
    systems = {name: round(median(timed(call, queries)), 2) for name, call in callers(params).items()}
    rows = {
        row.name: round(sum(systems[name] for name in {FIRST, *row.systems}), 2)
        for row in rows_of(list(folders(params)))
    }
    rows |= {student_row(name): systems[FIRST] for name in in_place(params)}
    return {"machine": machine, "queries": len(queries), "systems": systems, "rows": rows}
