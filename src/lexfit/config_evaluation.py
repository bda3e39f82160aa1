"""Sections of params.yaml on what is scored, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class EvaluationParams:
    """Encoding batch size, bootstrap resamples, permutations and the intervals' confidence level.

    `max_queries` and `max_documents` evaluate a drawn part only. `tasks` are scored beside the target: mteb's name, and
    behind an `@` where the data are (`hub` if nothing is said, `fire`, or a path).
    """

    batch_size: int
    bootstrap: int
    permutations: int
    confidence: float
    max_queries: int | None
    max_documents: int | None
    tasks: list[str]


@dataclass(frozen=True)
class RetentionParams:
    """Tasks that have nothing to do with the target, scored before and after training.

    Each of `tasks` has `queries` queries, `central_acts` from the file or folder of that name; `mteb_tasks` are
    retrieval tasks of mteb. The run fails where the nDCG@10 of one falls by more than `max_drop`.
    """

    tasks: list[Literal["docstrings", "central_acts"]]
    queries: int
    max_drop: float
    central_acts: str | None
    mteb_tasks: list[str]
