"""The trainings of one second-stage model: a start that all share, and from there one without each set of folds."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from lexfit.cache import cache_folder, code_digest, digest, is_whole, kept, mark_whole
from lexfit.errors import explained_contents
from lexfit.evaluation.runs import write_run
from lexfit.io import read_json, write_json
from lexfit.second_stage.plan import name_of, ranked_queries, trainings
from lexfit.training.phases import records_of
from lexfit.training.trunk_scope import weights_identity

if TYPE_CHECKING:
    from pathlib import Path

    from lexfit.config import Params
    from lexfit.evaluation.runs import Run
    from lexfit.training.phases import Records

logger = logging.getLogger(__name__)
START = "start"
Model = TypeVar("Model")
Own = TypeVar("Own")


class Trainings(ABC, Generic[Model, Own]):
    """Trains on demand; what is done stays in lexfit's cache, so that a killed stage goes on where it was.

    Args:
        params: All of them.
        own: Those of this model, with a `model`.
        kind: Folder of the cache.
        records: Training records.
    """

    def __init__(self, params: Params, own: Own, kind: str, records: Records) -> None:
        self.params, self.own, self.records = params, own, records
        key = {
            kind: asdict(own),  # type: ignore[call-overload]  # a dataclass of config_second_stage
            "weights": weights_identity(own.model),  # type: ignore[attr-defined]
            "further": self.further_key(),
            "hardware": asdict(params.hardware),
            "device": params.runtime.device,
            "seed": params.seed,
            "code": code_digest(),
        }
        # The start knows the further sources alone, so that protocols with the same ones share it.
        self.start_folder = cache_folder(kind) / digest({**key, "records": records_of(records, first=True)})
        self.folder = cache_folder(kind) / digest({**key, "records": records})

    def further_key(self) -> Any:
        """What a training depends on beside its own params, the base's weights and the records."""
        return None

    def checkpoints(self, name: str) -> Path:
        """Where one training keeps its checkpoints."""
        return (self.start_folder if name == START else self.folder) / "checkpoints" / name

    @abstractmethod
    def fresh(self) -> Model:
        """The base model, ready to train."""

    @abstractmethod
    def loaded(self, folder: Path) -> Model:
        """What `save` wrote, ready to train on or to rank."""

    @abstractmethod
    def save(self, model: Model, folder: Path) -> None:
        """Write a model."""

    @abstractmethod
    def fit(self, model: Model, excluded: frozenset[int], *, first: bool) -> dict[str, Any]:
        """Train in place, on further sources first or on the task's own queries without some folds; the facts."""

    @abstractmethod
    def rank(self, model: Model, queries: dict[str, str], excluded: frozenset[int]) -> Run:
        """Scores of the task's documents for queries of the folds that a model was trained without."""

    @abstractmethod
    def ranking_key(self, excluded: frozenset[int]) -> str:
        """A hash of what a ranking depends on beside the training."""

    def start(self) -> tuple[Model, dict[str, Any]]:
        """The model after the further sources, or the base where none trains; and its facts."""
        from lexfit.training.base_models import prepare_torch  # noqa: PLC0415

        folder = self.start_folder / START
        prepare_torch(self.params.hardware, self.params.seed)
        if not is_whole(folder):
            model = self.fresh()
            facts = self.fit(model, frozenset(), first=True)
            self.save(model, folder)
            write_json(folder / "facts.json", facts)
            mark_whole(folder)
        return self.loaded(folder), read_json(folder / "facts.json")

    def without(self, excluded: frozenset[int]) -> tuple[Model, dict[str, Any]]:
        """The model that has seen no query of some folds, and its facts."""
        model, _ = self.start()
        return model, self.fit(model, excluded, first=False)

    def held_out_run(self, excluded: frozenset[int]) -> tuple[Run, dict[str, Any]]:
        """Scores for queries of the folds left out, by the model trained without them, and its facts."""
        file = self.folder / f"{name_of(excluded)}-{self.ranking_key(excluded)[:16]}.json"

        def compute() -> dict[str, Any]:
            model, facts = self.without(excluded)
            queries = ranked_queries(self.records["queries"], excluded)
            return {"run": self.rank(model, queries, excluded), "facts": facts}

        found = kept(file, compute)
        with explained_contents(str(file), "Delete it; it is written anew"):
            return found["run"], found["facts"]


def write_trainings(own: Trainings[Any, Any], folder: Path) -> None:
    """Write folds/*.tsv (scores of held-out queries), model/ (the final one) and summary.json into a folder."""
    (folder / "folds").mkdir()
    facts = {START: own.start()[1]}
    wanted = trainings(own.params)
    for number, excluded in enumerate(wanted, 1):
        name = name_of(excluded)
        logger.info("training %d of %d: %s", number, len(wanted), name)
        if excluded:
            run, facts[name] = own.held_out_run(excluded)
            write_run(folder / "folds" / f"{name}.tsv", run)
        else:
            model, facts[name] = own.without(excluded)
            own.save(model, folder / "model")
    write_json(folder / "summary.json", {"trainings": facts})


def last_losses(curve: list[dict[str, float]]) -> float:
    """The mean loss over the last tenth of a curve."""
    last = [point["loss"] for point in curve[-max(1, len(curve) // 10) :]]
    return round(sum(last) / len(last), 6)
