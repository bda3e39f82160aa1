"""The trainings of one listwise model."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lexfit.cache import digest
from lexfit.config_second_stage import ListwiseParams
from lexfit.second_stage.names import names_of
from lexfit.second_stage.plan import name_of
from lexfit.second_stage.trainings import START, Trainings, last_losses
from lexfit.training.phases import records_of

if TYPE_CHECKING:
    from pathlib import Path

    from lexfit.config import Params
    from lexfit.evaluation.runs import Run
    from lexfit.second_stage.listwise import Lister
    from lexfit.training.phases import Records

logger = logging.getLogger(__name__)


class ListwiseTrainings(Trainings["Lister", ListwiseParams]):
    """Language models under adapters; they name statutes of the whole corpus, whatever the first stage ranks.

    Args:
        params: All of them.
        name: Of the listwise model.
        records: Training records.
    """

    def __init__(self, params: Params, name: str, records: Records) -> None:
        super().__init__(params, params.second_stage.listwise[name], "listwise", records)

    def fresh(self) -> Lister:
        """The base under fresh adapters."""
        return self._lister(None)

    def loaded(self, folder: Path) -> Lister:
        """The base under saved adapters."""
        return self._lister(folder)

    def _lister(self, folder: Path | None) -> Lister:
        from lexfit.second_stage.listwise import Lister  # noqa: PLC0415

        return Lister(self.own, self.params.hardware, self.params.runtime, folder)

    def save(self, model: Lister, folder: Path) -> None:
        """The adapters."""
        model.save(folder)

    def fit(self, model: Lister, excluded: frozenset[int], *, first: bool) -> dict[str, Any]:
        """Not at all without steps or without queries."""
        from lexfit.second_stage.listwise_training import answers, examples, train_phase  # noqa: PLC0415
        from lexfit.second_stage.rerank_lists import draw_queries  # noqa: PLC0415
        from lexfit.training.batches import load_training_data  # noqa: PLC0415

        params, own = self.params, self.own
        phase, name = (own.further, START) if first else (own.own, name_of(excluded))
        records = records_of(self.records, first=first)
        data = load_training_data(records, replace(params.batches, windows=1), set(excluded))
        drawn = draw_queries(data, phase.steps * phase.queries, params.seed)
        if not drawn:
            return {"lists": 0, "queries": 0, "mean_loss_of_last_tenth": None}
        names = names_of({d["id"]: d["text"] for d in records["documents"]}, own.name_words)
        listed = answers(data, drawn, names, own.count, params.seed)
        logger.info("%s: %d steps, %d lists of %d queries", name, phase.steps, len(listed), len(set(drawn)))
        curve = train_phase(
            model,
            examples(model, [data.query_texts[row] for row in drawn], listed),
            phase,
            hardware=params.hardware,
            runtime=params.runtime,
            seed=params.seed,
            folder=self.checkpoints(name),
        )
        return {"lists": len(listed), "queries": len(set(drawn)), "mean_loss_of_last_tenth": last_losses(curve)}

    def rank(self, model: Lister, queries: dict[str, str], excluded: frozenset[int]) -> Run:
        """The statutes of the task that the model names."""
        from lexfit.second_stage.listwise import name_statutes  # noqa: PLC0415

        del excluded
        texts = {d["id"]: d["text"] for d in self.records["documents"] if d["source"] == "task"}
        names = names_of(texts, self.own.name_words)
        return name_statutes(model, queries, names, self.params.evaluation.batch_size)

    def ranking_key(self, excluded: frozenset[int]) -> str:
        """Nothing beside the training."""
        del excluded
        return digest(self.params.evaluation.batch_size)
