"""Stage baseline: the untrained model and BM25, through mteb on the task and as rankings of every query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lexfit.corpus.records import read_collection
from lexfit.evaluation.inputs import fire_inputs, ranking_inputs
from lexfit.evaluation.runs import bm25_run, write_run
from lexfit.stages.common import BASELINE, RAW, quiet_progress, replacing, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.evaluation.runs import Run


def main(params: Params) -> None:
    """Write data/baseline/{untrained,bm25}.tsv, those of the FIRE track (zero_shot on AILA) in fire/, and mteb's."""
    quiet_progress(params.runtime.progress)
    from lexfit.evaluation.benchmark import Bm25Search, as_encoder, benchmark
    from lexfit.evaluation.cached_encoder import cached
    from lexfit.evaluation.dense import dense_run
    from lexfit.evaluation.tasks import make_task
    from lexfit.training.base_models import load_base_model, prepare_torch

    prepare_torch(params.hardware, params.seed)
    model = cached(load_base_model(params.model, params.hardware, params.runtime), params.runtime)
    collection = read_collection(RAW / "task")
    batch = params.evaluation.batch_size
    with replacing(BASELINE) as folder:
        contenders: list[Any] = [as_encoder(model, params.model.hub_id, params.model.revision), Bm25Search()]
        for contender in contenders:
            benchmark(contender, make_task(collection), folder / "mteb", batch)
        untrained: Run = {}
        bm25: Run = {}
        for queries, passages in ranking_inputs(params.clean.split, training=params.crossval.run):
            untrained |= dense_run(model, queries, passages, batch, params.runtime.progress)
            bm25 |= bm25_run(queries, passages)
        write_run(folder / "untrained.tsv", untrained)
        write_run(folder / "bm25.tsv", bm25)
        fire = fire_inputs(params.protocol.name, params.data, params.clean.split)
        if fire is not None:
            write_run(folder / "fire" / "untrained.tsv", dense_run(model, *fire, batch, params.runtime.progress))
            write_run(folder / "fire" / "bm25.tsv", bm25_run(*fire))


if __name__ == "__main__":
    run_stage("baseline", main)
