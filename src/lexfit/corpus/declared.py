"""Which of MTEB's data sets a model must declare as trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lexfit.config import SourceParams

# AILA's statutes and case documents share their queries: who trains on the judgements of one trains on queries of both.
AILA_KINDS = {"aila", "aila_fire"}
AILA_HUB = {"mteb/AILA_statutes", "mteb/AILA_casedocs"}


def training_datasets(sources: Iterable[SourceParams]) -> list[str]:
    """MTEB's names of the data sets that trained the model.

    Args:
        sources: Those whose queries train, the task's among them if its queries do. Passages of the AILA release's case
            documents are documents of AILACasedocs, with no query or judgement of either data set.
    """
    names: set[str] = set()
    for source in sources:
        if source.source in AILA_KINDS or source.hub_id in AILA_HUB:
            names |= {"AILAStatutes", "AILACasedocs"}
        elif source.source == "citations":
            names.add("AILACasedocs")
    return [name for name in ("AILAStatutes", "AILACasedocs") if name in names]
