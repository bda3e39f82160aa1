"""mteb's two-stage evaluation: the first stage's ranking is the task's candidates, and another system orders them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mteb.models.model_meta import ModelMeta
from mteb.models.sentence_transformer_wrapper import CrossEncoderWrapper

from lexfit.evaluation.benchmark import benchmark

if TYPE_CHECKING:
    from mteb.abstasks.retrieval import AbsTaskRetrieval
    from sentence_transformers import CrossEncoder

    from lexfit.evaluation.benchmark import Benchmarked
    from lexfit.evaluation.runs import Run


class Ranked:
    """Scores that were computed before, behind mteb's search protocol.

    Args:
        run: Scores by query and document.
        name: Under which mteb files the result.
    """

    def __init__(self, run: Run, name: str) -> None:
        self._run, self._name = run, name

    @property
    def mteb_model_meta(self) -> ModelMeta:
        """Name alone."""
        return ModelMeta.create_empty({"name": f"lexfit/{self._name}", "revision": "run"})

    def index(self, corpus: Any, **kwargs: Any) -> None:
        """Nothing is left to do."""

    def search(self, queries: Any, *, top_k: int, top_ranked: Any, **kwargs: Any) -> Run:
        """The scores of each query's candidates."""
        del top_k, kwargs
        return {row["id"]: {d: self._run[row["id"]][d] for d in top_ranked[row["id"]]} for row in queries}


def reranked(
    task: AbsTaskRetrieval, first: Run, second: CrossEncoder | Run, name: str, *, depth: int, batch_size: int
) -> Benchmarked:
    """Score a second stage through `mteb.evaluate`, by `convert_to_reranking`.

    Args:
        task: Of `make_task`; it is converted, so make one for each call.
        first: The first stage's scores of all the task's queries.
        second: A cross-encoder, which mteb then runs itself, or scores that models of several folds gave.
        name: Under which the result is filed.
        depth: Candidates of a query.
        batch_size: Pairs read at once.
    """
    queries = task.dataset["default"]["test"]["queries"]["id"]
    with tempfile.TemporaryDirectory() as scratch:
        predictions = Path(scratch) / "predictions.json"
        ranking = {query_id: first[query_id] for query_id in queries}
        meta = {"model_name": name, "revision": "run"}
        predictions.write_text(json.dumps({"mteb_model_meta": meta, "default": {"test": ranking}}), encoding="utf-8")
        converted = task.convert_to_reranking(predictions, top_k=depth)
        system: Any = Ranked(second, name) if isinstance(second, dict) else CrossEncoderWrapper(second)
        if not isinstance(second, dict):
            update = {"name": f"lexfit/{name}", "revision": "run"}
            system.mteb_model_meta = system.mteb_model_meta.model_copy(update=update)
        return benchmark(system, converted, Path(scratch) / "results", batch_size)
