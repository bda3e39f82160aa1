"""The trainings of one reranker."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lexfit.cache import digest
from lexfit.config_second_stage import RerankerParams
from lexfit.evaluation.inputs import ranked_passages
from lexfit.second_stage.mining import miner_model
from lexfit.second_stage.plan import first_stage_run, name_of
from lexfit.second_stage.trainings import START, Trainings, last_losses
from lexfit.training.phases import records_of
from lexfit.training.trunk_scope import weights_identity

if TYPE_CHECKING:
    from pathlib import Path

    from sentence_transformers import CrossEncoder

    from lexfit.config import Params
    from lexfit.evaluation.runs import Run
    from lexfit.training.phases import Records

logger = logging.getLogger(__name__)


class RerankerTrainings(Trainings["CrossEncoder", RerankerParams]):
    """Cross-encoders; they read the head of the first stage's ranking.

    Args:
        params: All of them.
        name: Of the reranker.
        records: Training records.
    """

    def __init__(self, params: Params, name: str, records: Records) -> None:
        super().__init__(params, params.second_stage.rerankers[name], "rerankers", records)

    def further_key(self) -> str:
        """The weights of the model whose nearest documents are the negatives."""
        return weights_identity(miner_model(self.params))

    def fresh(self) -> CrossEncoder:
        """The base under its head."""
        from lexfit.second_stage.reranker import load_reranker  # noqa: PLC0415

        return load_reranker(self.own, self.params.hardware, self.params.runtime)

    def loaded(self, folder: Path) -> CrossEncoder:
        """What was saved."""
        from sentence_transformers import CrossEncoder  # noqa: PLC0415

        from lexfit.training.base_models import check_device  # noqa: PLC0415

        return CrossEncoder(str(folder), device=check_device(self.params.runtime))

    def save(self, model: CrossEncoder, folder: Path) -> None:
        """In safetensors."""
        model.save_pretrained(str(folder), create_model_card=False)

    def fit(self, model: CrossEncoder, excluded: frozenset[int], *, first: bool) -> dict[str, Any]:
        """Not at all without steps or without queries."""
        from lexfit.second_stage.mining import nearest_documents  # noqa: PLC0415
        from lexfit.second_stage.rerank_lists import draw_lists, draw_queries, rows_of  # noqa: PLC0415
        from lexfit.second_stage.reranker_training import train_phase  # noqa: PLC0415
        from lexfit.training.batches import load_training_data  # noqa: PLC0415

        params, own = self.params, self.own
        phase, name = (own.further, START) if first else (own.own, name_of(excluded))
        batches = replace(params.batches, windows=own.windows, window_words=own.window_words)
        data = load_training_data(records_of(self.records, first=first), batches, set(excluded))
        drawn = draw_queries(data, phase.steps * phase.queries, params.seed)
        if not drawn:
            return {"lists": 0, "queries": 0, "without_negatives": 0, "mean_loss_of_last_tenth": None}
        ranking = nearest_documents(params, data, drawn)
        lists = draw_lists(data, drawn, ranking.__getitem__, phase, params.seed)
        logger.info("%s: %d steps, %d lists of %d queries", name, phase.steps, len(lists), len(set(drawn)))
        curve = train_phase(
            model,
            rows_of(lists, data, own.loss),
            own,
            phase,
            hardware=params.hardware,
            runtime=params.runtime,
            seed=params.seed,
            folder=self.checkpoints(name),
        )
        return {
            "lists": len(lists),
            "queries": len(set(drawn)),
            "without_negatives": len(drawn) - len(lists),
            "mean_loss_of_last_tenth": last_losses(curve),
        }

    def rank(self, model: CrossEncoder, queries: dict[str, str], excluded: frozenset[int]) -> Run:
        """Logits of the first `depth` documents of the first stage's ranking without the same folds."""
        from lexfit.second_stage.reranker import rerank  # noqa: PLC0415

        params = self.params
        passages = ranked_passages(self.records["documents"], "task", params.clean.split)
        sizes = {"depth": params.second_stage.depth, "batch_size": params.evaluation.batch_size}
        return rerank(model, queries, passages, first_stage_run(excluded), self.own, **sizes)

    def ranking_key(self, excluded: frozenset[int]) -> str:
        """Of the candidates, and how they are read."""
        params = self.params
        sizes = [params.second_stage.depth, params.evaluation.batch_size, params.clean.split]
        return digest([first_stage_run(excluded), *sizes])
