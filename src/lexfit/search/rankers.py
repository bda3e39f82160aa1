"""What ranks: BM25, the base model and the fine-tuned one, as the evaluation has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, get_args

from lexfit.config import load_params
from lexfit.errors import LexfitError
from lexfit.model_checks import check_model_folder, whole_weights
from lexfit.negatives.bm25 import Okapi
from lexfit.search.ranking import read_statutes
from lexfit.stages.common import MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from lexfit.search.ranking import Ranker, Statute

Method = Literal["finetuned", "base", "bm25"]
METHODS: tuple[Method, ...] = get_args(Method)
FOLDER = MODEL / "sentence_transformer"


class Bm25:
    """BM25 over the statutes' passages, scores as rank-bm25's BM25Okapi gives them.

    Args:
        statutes: At least one.
    """

    def __init__(self, statutes: Sequence[Statute]) -> None:
        self.statutes = statutes
        self._index = Okapi([passage for statute in statutes for passage in statute.passages])

    def scores(self, facts: str) -> np.ndarray:
        """A score for each passage, shape (passages,)."""
        found: np.ndarray = self._index.scores(facts)
        return found


class Dense:
    """An embedding model over the statutes' passages, with its own prompts and similarity.

    Args:
        model: In evaluation mode, as it was loaded.
        statutes: Their passages are embedded here, or taken from lexfit's cache.
        batch_size: Passages embedded at once.
        cache_mb: Size cap of that cache, MiB; 0 keeps nothing. Queries are never kept.
        passages: Their vectors, where another `Dense` of the same model and statutes has embedded them.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        statutes: Sequence[Statute],
        batch_size: int = 32,
        cache_mb: int = 0,
        passages: Tensor | None = None,
    ) -> None:
        from lexfit.evaluation.cached_encoder import CachedEncoder  # noqa: PLC0415  (torch)

        self.model, self.statutes = model, statutes
        self._encoder = CachedEncoder.of(model, cache_mb) if cache_mb else model
        self._options = {"batch_size": batch_size, "convert_to_tensor": True, "show_progress_bar": False}
        self._cache_mb = cache_mb
        texts = [passage for statute in statutes for passage in statute.passages]
        self.passages = self.embed(texts) if passages is None else passages

    def embed(self, texts: Sequence[str]) -> Tensor:
        """Vectors of texts as documents, float32, shape (texts, dimension)."""
        found: Tensor = self._encoder.encode_document(list(texts), **self._options).float()
        return found

    def embed_together(self, texts: Sequence[str]) -> Tensor:
        """As `embed`, but in batches, kept as one entry: faster for many short texts.

        A vector's last digits then depend on what else is in its batch.
        """
        from lexfit.cache import cache_folder  # noqa: PLC0415
        from lexfit.evaluation.cached_encoder import embedding_scope  # noqa: PLC0415  (torch)
        from lexfit.tensor_store import TensorStore  # noqa: PLC0415

        store, key = None, json.dumps([self.model.prompts.get("document"), list(texts)]).encode()
        if self._cache_mb:
            store = TensorStore(cache_folder("embeddings"), embedding_scope(self.model), self._cache_mb)
        found: Tensor | None = store.get(key) if store else None
        if found is None:
            found = self.model.encode_document(list(texts), **self._options).float().cpu()
            if store:
                store.put(key, found)
        return found.to(self.model.device)

    def query(self, facts: str) -> Tensor:
        """The vector of a text as a query, float32, shape (1, dimension)."""
        found: Tensor = self.model.encode_query([facts], convert_to_tensor=True, show_progress_bar=False).float()
        return found

    def similarities(self, query: Tensor, vectors: Tensor | None = None) -> np.ndarray:
        """Scores of vectors, by default the passages', for a query that `query` gave, shape (vectors,)."""
        found: np.ndarray = self.model.similarity(query, self.passages if vectors is None else vectors)[0].cpu().numpy()
        return found

    def scores(self, facts: str) -> np.ndarray:
        """A score for each passage, shape (passages,)."""
        return self.similarities(self.query(facts))

    def read(self, text: str, kind: Literal["query", "document"] = "query") -> int:
        """How many characters of the text come before the end of the last token that the model reads."""
        prompt = self.model.prompts.get(kind) or ""
        encoding = self.model.tokenizer(prompt + text, truncation=True, max_length=self.model.max_seq_length)
        if len(encoding["input_ids"]) < self.model.max_seq_length:
            return len(text)
        ends = [encoding.token_to_chars(i) for i in range(len(encoding["input_ids"]))]
        return int(max(span.end for span in ends if span is not None)) - len(prompt)

    def unread(self, facts: str) -> int:
        """How many of the text's words come after the last token that the model reads; 0 if it reads all."""
        return len(facts[self.read(facts) :].split())


def load(method: Method = "finetuned") -> Ranker:
    """What ranks the last run's statutes; reads params.yaml and data/ of the working directory.

    Args:
        method: The `finetuned` model, its untrained `base`, or `bm25`.

    Raises:
        LexfitError: There is no such method, or the stage that makes what it needs hasn't run.
    """
    if method not in METHODS:
        raise LexfitError("method", f"{method!r} is none", f"Known: {', '.join(METHODS)}")
    params = load_params()
    statutes = read_statutes(params.clean.split)
    if method == "bm25":
        return Bm25(statutes)
    if method == "finetuned" and not (FOLDER / "model.safetensors").exists():
        raise LexfitError(str(FOLDER), "has no model", "Run `make run` or `dvc pull`, or search with --method bm25")
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415  (torch)

    from lexfit.training.base_models import check_device, load_base_model, prepare_torch  # noqa: PLC0415

    prepare_torch(params.hardware, params.seed)
    if method == "base":
        model = load_base_model(params.model, params.hardware, params.runtime)
    else:
        check_model_folder(FOLDER, code=params.model.trust_remote_code)
        with whole_weights():
            model = SentenceTransformer(str(FOLDER), device=check_device(params.runtime))
    model.eval()
    return Dense(model, statutes, params.evaluation.batch_size, params.runtime.embedding_cache_mb)
