"""The same facts ranked by BM25, the base model and the fine-tuned one, with what matched and what moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lexfit.corpus.ngrams import words
from lexfit.demo.excerpts import Excerpt, frequencies, lexical_excerpt, nearest_excerpt, telling, without_title
from lexfit.demo.moves import Move, moves
from lexfit.demo.sentences import Span, sentences
from lexfit.errors import LexfitError
from lexfit.search.ranking import check_request, hits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from lexfit.search.rankers import Bm25, Dense, Method
    from lexfit.search.ranking import Hit, Statute

MOST = 200_000
K = 10


@dataclass(frozen=True)
class Found:
    """A hit with what of it matched."""

    hit: Hit
    excerpt: Excerpt


@dataclass(frozen=True)
class Comparison:
    """The first hits of each method, and what moved from the base model to the fine-tuned one.

    `words` is how many words the facts have, `unread` how many of them the models, which read equally far, don't read.
    """

    columns: Mapping[Method, tuple[Found, ...]]
    moves: tuple[Move, ...]
    words: int
    unread: int


class Sentences:
    """The sentences of each passage that a model reads, with their vectors, made once.

    Args:
        dense: The model, with its statutes.
        vectors: Of the sentences, where they were embedded before.
    """

    def __init__(self, dense: Dense, vectors: Tensor | None = None) -> None:
        self._dense = dense
        self._spans: dict[tuple[str, str], tuple[int, list[Span]]] = {}
        texts: list[str] = []
        for statute in dense.statutes:
            for passage in statute.passages:
                body = without_title(statute, passage)
                read = dense.read(passage, "document") - (len(passage) - len(body))
                spans = sentences(body, max(read, 0))
                self._spans[statute.id, passage] = (len(texts), spans)
                texts += [body[span.start : span.end] for span in spans]
        if vectors is not None and len(vectors) != len(texts):
            raise ValueError("There must be a vector for each sentence.")
        self.vectors = dense.embed_together(texts) if vectors is None else vectors

    def excerpts(self, query: Tensor, found: Sequence[Hit]) -> list[Excerpt]:
        """The nearest sentence of each hit's passage to a query that `Dense.query` gave."""
        shown = []
        for hit in found:
            start, spans = self._spans[hit.statute.id, hit.passage]
            near = self._dense.similarities(query, self.vectors[start : start + len(spans)]) if spans else None
            shown.append(nearest_excerpt(without_title(hit.statute, hit.passage), spans, near))
        return shown


class SideBySide:
    """Three rankings of the same statutes; embeddings of statutes and sentences are made here, once.

    Args:
        bm25: Over the same statutes as the models.
        base: The untrained model.
        finetuned: The trained one.
        vectors: What `vectors` gave of the same statutes and models, so that no sentence is embedded again.
    """

    def __init__(self, bm25: Bm25, base: Dense, finetuned: Dense, vectors: Mapping[str, Tensor] | None = None) -> None:
        self.statutes: Sequence[Statute] = finetuned.statutes
        if not [s.id for s in bm25.statutes] == [s.id for s in base.statutes] == [s.id for s in self.statutes]:
            raise ValueError("All three must rank the same statutes.")
        if base.model.max_seq_length != finetuned.model.max_seq_length:
            raise ValueError("Both models must read equally far.")
        self._bm25, self._frequencies = bm25, frequencies(self.statutes)
        self._models: dict[Method, Dense] = {"base": base, "finetuned": finetuned}
        kept = vectors or {}
        self._sentences = {m: Sentences(dense, kept.get(f"{m}.sentences")) for m, dense in self._models.items()}

    @property
    def vectors(self) -> dict[str, Tensor]:
        """Vectors of all passages and sentences, by model, as a file can keep them."""
        found: dict[str, Tensor] = {}
        for method, dense in self._models.items():
            found[f"{method}.passages"] = dense.passages.cpu().contiguous()
            found[f"{method}.sentences"] = self._sentences[method].vectors.cpu().contiguous()
        return found

    @property
    def reads(self) -> int:
        """How many tokens of the facts the fine-tuned model reads."""
        return int(self._models["finetuned"].model.max_seq_length)

    def compare(self, facts: str, k: int = K) -> Comparison:
        """Rank the statutes for the facts of a case; nothing of them is kept.

        Args:
            facts: Any text that isn't blank, of at most 200,000 characters.
            k: How many statutes are shown of each method, at least 1.

        Raises:
            LexfitError: The text is blank or too long, or `k` is below 1.
        """
        check_request(facts, k)
        if len(facts) > MOST:
            raise LexfitError(
                "the text to search by", f"has {len(facts):,} characters, and at most {MOST:,} are taken", "Shorten it"
            )
        columns: dict[Method, tuple[Found, ...]] = {"bm25": self._lexical(facts, k)}
        orders = {}
        for method, dense in self._models.items():
            query = dense.query(facts)
            ranked = hits(self.statutes, dense.similarities(query), len(self.statutes))
            orders[method] = [hit.statute.id for hit in ranked]
            shown = self._sentences[method].excerpts(query, ranked[:k])
            columns[method] = tuple(map(Found, ranked[:k], shown))
        moved = tuple(moves(orders["base"], orders["finetuned"], k))
        return Comparison(columns, moved, len(facts.split()), self._models["finetuned"].unread(facts))

    def _lexical(self, facts: str, k: int) -> tuple[Found, ...]:
        asked, passages = set(words(facts)), sum(len(statute.passages) for statute in self.statutes)
        found = []
        for hit in hits(self.statutes, self._bm25.scores(facts), k):
            chosen = telling(asked & set(words(hit.passage)), self._frequencies, passages)
            found.append(Found(hit, lexical_excerpt(without_title(hit.statute, hit.passage), chosen)))
        return tuple(found)
