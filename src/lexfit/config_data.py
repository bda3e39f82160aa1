"""The params section `data`: the task's source, and what is trained on beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class SourceParams:
    """One data source: where it is, at which revision, under which licence."""

    source: Literal[
        "constitution", "aila", "aila_fire", "beir", "citations", "central_acts", "columns", "crops", "synthetic"
    ]
    path: str | None
    url: str | None
    hub_id: str | None
    revision: str | None
    sha256: str | None
    license: str
    split: str
    train_split: str | None


@dataclass(frozen=True)
class TrainSourceParams(SourceParams):
    """A source that is only trained on.

    What of it overlaps with a held-out query is refused with an error, or dropped and counted (`overlap`). `options`
    are those of its kind (`lexfit.corpus.sources.options`). With `batches.sources: apart` the source has `weight` times
    the share of batches that its size gives it. Its texts train with its own prompts in front (null: the model's).
    """

    overlap: Literal["refuse", "drop"]
    weight: float
    query_prompt: str | None
    document_prompt: str | None
    options: dict[str, Any]


@dataclass(frozen=True)
class DataParams(SourceParams):
    """The task's source, which of its documents are ranked, and further sources to train on.

    `pool` is `all` documents, or only those `judged` relevant to at least one query (as MTEB has it).
    """

    pool: Literal["all", "judged"]
    train: dict[str, TrainSourceParams]
