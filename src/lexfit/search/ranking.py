"""Statutes, and their ranking for the facts of a case by whatever scores their passages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lexfit.corpus.records import read_collection
from lexfit.corpus.sources.statutes import title_of
from lexfit.errors import LexfitError, explained_contents
from lexfit.evaluation.inputs import ranked_passages
from lexfit.evaluation.runs import max_passage, order
from lexfit.jsonl import read_jsonl
from lexfit.stages.common import EVAL, RAW

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np


@dataclass(frozen=True)
class Statute:
    """A document that can be found; `passages` are the texts that stand for it, one where it isn't split."""

    id: str
    title: str
    passages: tuple[str, ...]


@dataclass(frozen=True)
class Hit:
    """A statute in a ranking, counted from 1, with the passage that its score comes from."""

    rank: int
    statute: Statute
    score: float
    passage: str


class Ranker(Protocol):
    """Scores every passage of its statutes for a text."""

    statutes: Sequence[Statute]

    def scores(self, facts: str) -> np.ndarray:
        """A score for each passage, statute by statute, shape (passages,)."""
        ...


def read_statutes(split: str) -> list[Statute]:
    """The statutes that the last run's evaluation ranked, in the texts that it encoded.

    Args:
        split: `clean.split`.

    Raises:
        LexfitError: The stages raw and pairs haven't run.
    """
    path = EVAL / "documents.jsonl"
    if not path.exists():
        raise LexfitError(str(path), "no such file, so there is nothing to search", "Run `make run` or `dvc pull`")
    titles = {d.id: title_of(d) for d in read_collection(RAW / "task").documents}
    with explained_contents(str(path), "Run `dvc repro --force --single-item pairs`"):
        candidates = [{**d, "source": "task"} for d in read_jsonl(path) if d["role"] == "candidate"]
        return [
            Statute(key, titles.get(key, ""), tuple(passages))
            for key, passages in ranked_passages(candidates, "task", split).items()
        ]


def check_request(facts: str, k: int) -> None:
    """Raise `LexfitError` for a blank text, or a `k` below 1."""
    if not facts.strip():
        raise LexfitError("the text to search by", "is blank", "Give the facts of a case, in a sentence or more")
    if k < 1:
        raise LexfitError("k", f"is {k}", "It must be at least 1")


def rank(ranker: Ranker, facts: str, k: int = 10) -> list[Hit]:
    """The first `k` statutes for the facts of a case, the best first; ties in the order of their ids.

    Args:
        ranker: Of `load`, or `Bm25(statutes)`.
        facts: Any text that isn't blank; a model reads its first `max_seq_length` tokens.
        k: At least 1; more than there are statutes gives all of them.

    Raises:
        LexfitError: The text is blank, or `k` is below 1.
    """
    check_request(facts, k)
    return hits(ranker.statutes, ranker.scores(facts), k)


def hits(statutes: Sequence[Statute], scores: np.ndarray, k: int) -> list[Hit]:
    """The first `k` statutes by their passages' scores, the best first; ties in the order of their ids.

    Args:
        statutes: In the order of the scores.
        scores: Of their passages, statute by statute, shape (passages,).
        k: At least 1.
    """
    owners = [statute.id for statute in statutes for _ in statute.passages]
    texts = [(statute.id, passage) for statute in statutes for passage in statute.passages]
    best = max_passage(scores, owners)
    found: dict[str, str] = {}
    for (owner, passage), score in zip(texts, scores.tolist(), strict=True):
        if score == best[owner]:
            found.setdefault(owner, passage)
    by_id = {statute.id: statute for statute in statutes}
    return [Hit(place, by_id[doc_id], best[doc_id], found[doc_id]) for place, doc_id in enumerate(order(best)[:k], 1)]
