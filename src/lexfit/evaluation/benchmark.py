"""mteb.evaluate on a local task, with results that don't depend on the clock."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mteb
from mteb.cache import ResultCache
from mteb.models.model_meta import ModelMeta
from mteb.models.sentence_transformer_wrapper import SentenceTransformerEncoderWrapper

from lexfit.negatives.candidates import bm25_candidates

if TYPE_CHECKING:
    from mteb.abstasks.retrieval import AbsTaskRetrieval
    from mteb.results import TaskResult
    from sentence_transformers import SentenceTransformer

    from lexfit.evaluation.runs import Run

BM25_NAME = "lexfit/rank-bm25-okapi"


@dataclass(frozen=True)
class Benchmarked:
    """mteb's result of one model on one task: aggregate scores, scores by query, and the ranking."""

    result: TaskResult
    per_query: dict[str, dict[str, float]]
    run: Run

    @property
    def scores(self) -> dict[str, Any]:
        """The test split's scores by mteb's names."""
        scores: dict[str, Any] = self.result.scores["test"][0]
        return scores


class Bm25Search:
    """rank-bm25's BM25Okapi behind mteb's search protocol."""

    def __init__(self) -> None:
        self._passages: dict[str, list[str]] = {}

    @property
    def mteb_model_meta(self) -> ModelMeta:
        """Name and version of rank-bm25."""
        from importlib.metadata import version  # noqa: PLC0415

        return ModelMeta.create_empty({"name": BM25_NAME, "revision": version("rank-bm25")})

    def index(self, corpus: Any, **kwargs: Any) -> None:
        """Keep the corpus; the index is built at search."""
        del kwargs
        self._passages = {row["id"]: [f"{row.get('title') or ''} {row['text']}".strip()] for row in corpus}

    def search(self, queries: Any, *, top_k: int, **kwargs: Any) -> Run:
        """The `top_k` best documents of each query."""
        del kwargs
        return bm25_candidates({row["id"]: row["text"] for row in queries}, self._passages, top_k, {})


def as_encoder(model: SentenceTransformer, name: str, revision: str) -> SentenceTransformerEncoderWrapper:
    """mteb's own wrapper, with a name and revision under which its results are filed."""
    wrapper = SentenceTransformerEncoderWrapper(model)
    wrapper.mteb_model_meta = wrapper.mteb_model_meta.model_copy(update={"name": name, "revision": revision})
    return wrapper


def benchmark(model: Any, task: AbsTaskRetrieval, folder: Path, batch_size: int) -> Benchmarked:
    """Evaluate through `mteb.evaluate` and write mteb's JSON below `folder`, without its clock readings.

    mteb's default cache is keyed by model name and revision in the user's home, where one local model can
    get another's score; here the cache is a temporary folder, and everything is always computed.

    Args:
        model: An mteb encoder or search model.
        task: A task of `make_task`.
        folder: Gets `results/<model>/<revision>/<task>.json` and `model_meta.json`.
        batch_size: Texts encoded at once.
    """
    with tempfile.TemporaryDirectory() as scratch:
        evaluated = mteb.evaluate(
            model,
            task,
            cache=ResultCache(scratch),
            overwrite_strategy="always",
            encode_kwargs={"batch_size": batch_size},
            co2_tracker=False,
        )
        result = evaluated.task_results[0].model_copy(
            update={"evaluation_time": None, "date": None, "evaluation_phases": None}
        )
        meta = next(Path(scratch).rglob("model_meta.json"))
        target = folder / meta.parent.relative_to(scratch)
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(meta, target / "model_meta.json")
        result.to_disk(target / f"{result.task_name}.json")
    return Benchmarked(result, task.per_query, task.run)
