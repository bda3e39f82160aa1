"""Statutes by what the nearest training queries have as theirs: cases cite what cases like them cite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexfit.config import Params
    from lexfit.config_second_stage import NeighboursParams
    from lexfit.evaluation.runs import Run
    from lexfit.training.phases import Records


def same_texts(documents: Sequence[dict[str, Any]], targets: Sequence[str]) -> dict[str, str]:
    """The target document of each training document: itself, or one whose text is the same but for white space.

    Args:
        documents: Training records; further sources have their own copies of a statute.
        targets: Ids of the documents that are ranked, all among `documents`.
    """
    wanted = set(targets)
    by_text = {" ".join(d["text"].split()): d["id"] for d in documents if d["id"] in wanted}
    found = {d["id"]: by_text.get(" ".join(d["text"].split())) for d in documents}
    return {doc_id: target for doc_id, target in found.items() if target is not None} | {t: t for t in wanted}


def vote(
    similarity: np.ndarray, judged: Sequence[dict[str, float]], targets: Sequence[str], params: NeighboursParams
) -> list[dict[str, float]]:
    """Scores of documents for each query.

    Nearest-neighbour classification with exponential weights, as kNN-LM interpolates them (Khandelwal et al. 2020,
    arXiv 1911.00172): each of the `count` nearest training queries gives its weight, the softmax of similarity over
    `temperature`, to its positives, in proportion to their judgements.

    Args:
        similarity: Of each query to each training query, shape (queries, training queries).
        judged: Scores of each training query's positives among the targets; one without any has no vote.
        targets: Documents that get a score, 0 without a vote.
        params: `count` and `temperature`.
    """
    able = [row for row, own in enumerate(judged) if own]
    out = []
    for line in similarity[:, able]:
        nearest = np.argsort(-line, kind="stable")[: params.count]
        weights = np.exp((line[nearest] - line[nearest].max()) / params.temperature) if len(nearest) else []
        scores = dict.fromkeys(targets, 0.0)
        for weight, place in zip(weights, nearest, strict=True):
            own = judged[able[place]]
            total = sum(own.values())
            for doc_id, grade in own.items():
                scores[doc_id] += float(weight) / float(np.sum(weights)) * grade / total
        out.append(scores)
    return out


def neighbour_run(
    params: Params,
    name: str,
    records: Records,
    queries: dict[str, str],
    *,
    targets: Sequence[str],
    excluded: frozenset[int],
) -> Run:
    """Scores of documents for some queries, by an embedding model that saw nothing that is held out.

    Args:
        params: All of them.
        name: Of the neighbours.
        records: Training records: queries and documents.
        queries: Text by query id.
        targets: Documents that are ranked.
        excluded: Folds whose queries have no vote.
    """
    from lexfit.evaluation.cached_encoder import cached  # noqa: PLC0415
    from lexfit.second_stage.mining import miner_model  # noqa: PLC0415
    from lexfit.training.base_models import load_base_model, prepare_torch  # noqa: PLC0415

    prepare_torch(params.hardware, params.seed)
    model = cached(load_base_model(miner_model(params), params.hardware, params.runtime), params.runtime)
    voters = [q for q in records["queries"] if q["fold"] not in excluded]
    options = {"batch_size": params.evaluation.batch_size, "show_progress_bar": params.runtime.progress}
    own = model.encode_query(list(queries.values()), convert_to_tensor=True, **options)
    theirs = model.encode_query([q["clean_text"] for q in voters], convert_to_tensor=True, **options)
    similarity = model.similarity(own.float(), theirs.float()).cpu().numpy()
    target_of = same_texts(records["documents"], targets)
    grades = {(p["query_id"], p["doc_id"]): float(p["score"]) for p in records["pairs"]}
    judged = [{target_of[d]: grades.get((q["id"], d), 1.0) for d in q["positives"] if d in target_of} for q in voters]
    scores = vote(similarity, judged, targets, params.second_stage.neighbours[name])
    return dict(zip(queries, scores, strict=True))
