"""MTEB's copy of AILAStatutes on the Hub, at a pinned revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.corpus.sources.hub import load_hub

if TYPE_CHECKING:
    from lexfit.config import SourceParams
    from lexfit.corpus.records import Collection


def load(source: SourceParams, key: str) -> Collection:
    """82 documents, 50 queries and 217 judgements, from the configs `corpus`, `queries` and `default`."""
    return load_hub(source, key)
