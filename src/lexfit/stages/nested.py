"""Stage nested@scores (with `selection=nested`): the scores of one recipe by nested cross-validation."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lexfit.cache import cache_folder, digest, kept
from lexfit.evaluation.claim import MAIN
from lexfit.evaluation.inputs import ranked_passages
from lexfit.evaluation.trec import evaluate
from lexfit.io import write_json, write_tsv
from lexfit.selection.folds import HEADER, Score, excluded_sets, scores_of, to_rows
from lexfit.stages.common import REPORTS, quiet_progress, run_stage
from lexfit.training.phases import after_pretraining
from lexfit.training.records import read_records

if TYPE_CHECKING:
    from typing import Any

    from lexfit.config import Params
    from lexfit.evaluation.trec import PerQuery

logger = logging.getLogger(__name__)


def score_without(
    params: Params, records: dict[str, list[dict[str, Any]]], excluded: frozenset[int]
) -> tuple[list[tuple[int, float, PerQuery]], dict[str, int]]:
    """Train without some folds and score their queries, after each epoch and at each interpolation of `selection`.

    What was scored before, by the same code on the same data, is read back: an interrupted stage goes on.
    """
    from lexfit.training.batches import load_training_data
    from lexfit.training.checkpoints import checkpoint_folder
    from lexfit.training.scored_snapshots import score_held_out

    inner = params.train.early_stopping is not None
    data = load_training_data(records, params.batches, set(excluded), inner=inner)
    held_out = [q for q in records["queries"] if q["fold"] in excluded]
    epochs, shares = params.selection.epochs or [params.train.epochs], params.selection.interpolations
    split = params.clean.split
    ranked = {
        source: ranked_passages(records["documents"], source, split) for source in {q["source"] for q in held_out}
    }
    folder = checkpoint_folder(params, data)
    texts = digest([[q["id"], q["text"]] for q in held_out] + [ranked, epochs, shares])
    file = cache_folder("nested") / f"{digest([folder.name, texts])}.json"

    def compute() -> dict[str, Any]:
        runs, facts = score_held_out(params, data, held_out, ranked, epochs=epochs, shares=shares)
        documents = {d["id"] for d in records["documents"]}
        qrels = {q["id"]: {d: 1 for d in q["positives"] if d in documents} for q in held_out}
        return {"scores": [[*setting, evaluate(run, qrels)] for setting, run in runs.items()], "facts": facts}

    found = kept(file, compute)
    return [(epoch, share, per_query) for epoch, share, per_query in found["scores"]], found["facts"]


def main(params: Params) -> None:
    """Write reports/nested.tsv (every inner and outer score by query) and reports/nested.json."""
    quiet_progress(params.runtime.progress)
    params, records = after_pretraining(params, read_records("nested"))
    fold_of = {q["id"]: q["fold"] for q in records["queries"]}
    scores: list[Score] = []
    facts: dict[str, int] = {}
    trainings = excluded_sets(params.crossval.folds)
    for number, excluded in enumerate(trainings, 1):
        logger.info("training %d of %d, without folds %s", number, len(trainings), sorted(excluded))
        found, facts = score_without(params, records, excluded)
        for epoch, share, per_query in found:
            scores += scores_of(excluded, (epoch, share), per_query, fold_of, MAIN)
    summary: dict[str, Any] = dict(facts)
    for setting in sorted({s.setting for s in scores}):
        for kind in ("inner", "outer"):
            own = [s.value for s in scores if s.setting == setting and (s.also_excluded is None) == (kind == "outer")]
            name = f"epochs_{setting[0]}_interpolation_{setting[1]}"
            summary.setdefault(kind, {})[name] = round(sum(own) / len(own), 5)
    write_tsv(REPORTS / "nested.tsv", HEADER, to_rows(scores))
    write_json(REPORTS / "nested.json", summary)


if __name__ == "__main__":
    run_stage("nested", main)
