"""The trainings of one reranker: a start that all share, and from there one without each set of folds."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from lexfit.cache import cache_folder, code_digest, digest
from lexfit.evaluation.inputs import ranked_passages
from lexfit.io import read_json, write_json
from lexfit.second_stage.plan import first_stage_run, name_of, ranked_queries
from lexfit.training.phases import records_of
from lexfit.training.trunk_scope import weights_identity

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

    from lexfit.config import Params
    from lexfit.config_second_stage import RerankerTrainingParams
    from lexfit.evaluation.runs import Run
    from lexfit.training.batches import TrainingData
    from lexfit.training.phases import Records

logger = logging.getLogger(__name__)
START = "start"


class Trainings:
    """Trains on demand; what is done stays in lexfit's cache, so that a killed stage goes on where it was.

    Args:
        params: All of them.
        name: Of the reranker.
        records: Training records.
    """

    def __init__(self, params: Params, name: str, records: Records) -> None:
        self._params, self._own, self._records = params, params.second_stage.rerankers[name], records
        key = {
            "reranker": asdict(self._own),
            "weights": weights_identity(self._own.model),
            "records": records,
            "hardware": asdict(params.hardware),
            "device": params.runtime.device,
            "seed": params.seed,
            "code": code_digest(),
        }
        self._folder = cache_folder("rerankers") / digest(key)

    def start(self) -> tuple[CrossEncoder, dict[str, Any]]:
        """The model after the further sources, or the base under its head where none trains; and its facts."""
        from sentence_transformers import CrossEncoder  # noqa: PLC0415

        from lexfit.second_stage.reranker import load_reranker  # noqa: PLC0415
        from lexfit.training.base_models import check_device, prepare_torch  # noqa: PLC0415

        params, kept = self._params, self._folder / START
        prepare_torch(params.hardware, params.seed)
        if not (kept / "facts.json").exists():
            model = load_reranker(self._own, params.hardware, params.runtime)
            facts = self._train(model, self._data(frozenset(), first=True), self._own.further, START)
            model.save_pretrained(str(kept), create_model_card=False)
            write_json(kept / "facts.json", facts)
        return CrossEncoder(str(kept), device=check_device(params.runtime)), read_json(kept / "facts.json")

    def without(self, excluded: frozenset[int]) -> tuple[CrossEncoder, dict[str, Any]]:
        """The model that has seen no query of some folds, and its facts."""
        model, _ = self.start()
        return model, self._train(model, self._data(excluded, first=False), self._own.own, name_of(excluded))

    def held_out_run(self, excluded: frozenset[int]) -> tuple[Run, dict[str, Any]]:
        """Scores of the head of the first stage's ranking, for queries of the folds left out, and the facts."""
        from lexfit.second_stage.reranker import rerank  # noqa: PLC0415

        params = self._params
        candidates, depth = first_stage_run(excluded), params.second_stage.depth
        kept = self._folder / f"{name_of(excluded)}-{digest([candidates, depth])[:16]}.json"
        if not kept.exists():
            queries = ranked_queries(self._records["queries"], excluded)
            passages = ranked_passages(self._records["documents"], "task", params.clean.split)
            model, facts = self.without(excluded)
            sizes = {"depth": depth, "batch_size": params.evaluation.batch_size}
            write_json(kept, {"run": rerank(model, queries, passages, candidates, self._own, **sizes), "facts": facts})
        found = read_json(kept)
        return found["run"], found["facts"]

    def _data(self, excluded: frozenset[int], *, first: bool) -> TrainingData:
        from lexfit.training.batches import load_training_data  # noqa: PLC0415

        own = self._own
        batches = replace(self._params.batches, windows=own.windows, window_words=own.window_words)
        return load_training_data(records_of(self._records, first=first), batches, set(excluded))

    def _train(
        self, model: CrossEncoder, data: TrainingData, phase: RerankerTrainingParams, name: str
    ) -> dict[str, Any]:
        """Train a model in place; not at all without steps or without queries."""
        from lexfit.second_stage.mining import nearest_documents  # noqa: PLC0415
        from lexfit.second_stage.rerank_lists import draw_lists, draw_queries, rows_of  # noqa: PLC0415
        from lexfit.second_stage.reranker_training import train_phase  # noqa: PLC0415

        params = self._params
        drawn = draw_queries(data, phase, params.seed)
        if not drawn:
            return {"lists": 0, "queries": 0, "without_negatives": 0, "mean_loss_of_last_tenth": None}
        ranking = nearest_documents(params, data, drawn)
        lists = draw_lists(data, drawn, ranking.__getitem__, phase, params.seed)
        logger.info("%s: %d steps, %d lists of %d queries", name, phase.steps, len(lists), len(set(drawn)))
        curve = train_phase(
            model,
            rows_of(lists, data, self._own.loss),
            self._own,
            phase,
            hardware=params.hardware,
            runtime=params.runtime,
            seed=params.seed,
            folder=self._folder / f"training-{name}",
        )
        last = [point["loss"] for point in curve[-max(1, len(curve) // 10) :]]
        return {
            "lists": len(lists),
            "queries": len(set(drawn)),
            "without_negatives": len(drawn) - len(lists),
            "mean_loss_of_last_tenth": round(sum(last) / len(last), 6),
        }
