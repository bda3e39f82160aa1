"""Rankings by final models: the embedding model's, and each second-stage system's of its head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.evaluation.runs import read_run
from lexfit.second_stage.groups import restricted
from lexfit.second_stage.rows import FIRST, LEXICAL
from lexfit.stages.common import BASELINE, MODEL, RERANKERS
from lexfit.training.phases import MODEL_FOLDER

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.evaluation.runs import Run


def final_runs(params: Params, queries: dict[str, str], passages: dict[str, list[str]]) -> dict[str, Run]:
    """Every system's scores, by system.

    Args:
        params: Second stage, encoding, hardware.
        queries: Text by query id; BM25 ranked them in stage baseline.
        passages: Passages by document id, all candidates.
    """
    from sentence_transformers import CrossEncoder, SentenceTransformer  # noqa: PLC0415

    from lexfit.evaluation.cached_encoder import cached  # noqa: PLC0415
    from lexfit.evaluation.dense import dense_run  # noqa: PLC0415
    from lexfit.second_stage.reranker import rerank  # noqa: PLC0415
    from lexfit.training.base_models import check_device, prepare_torch  # noqa: PLC0415

    prepare_torch(params.hardware, params.seed)
    device, batch = check_device(params.runtime), params.evaluation.batch_size
    model = cached(SentenceTransformer(str(MODEL / MODEL_FOLDER), device=device), params.runtime)
    first = dense_run(model, queries, passages, batch, params.runtime.progress)
    runs = {FIRST: first, LEXICAL: restricted(read_run(BASELINE / "bm25.tsv"), queries)}
    for name, own in params.second_stage.rerankers.items():
        reader = CrossEncoder(str(RERANKERS / name / "model"), device=device)
        depth = params.second_stage.depth
        runs[name] = rerank(reader, queries, passages, first, own, depth=depth, batch_size=batch)
    return runs
