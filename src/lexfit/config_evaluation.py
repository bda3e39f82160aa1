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


@dataclass(frozen=True)
class SpeedParams:
    """How exports are timed beside torch: `texts` documents, `repeats` times, taking turns.

    Searching is timed among `search_vectors` vectors.
    """

    texts: int
    repeats: int
    search_vectors: int


@dataclass(frozen=True)
class ExportsParams:
    """Other forms of the finished model, each in float32 and int8 (`backends`), and smaller vectors.

    Each of `truncations`, n, keeps the first 1/n of the dimensions; `precisions` are codes of the whole vector and of
    each truncation. int8 takes the ranges of values from `calibration` training documents. `speed: null` times nothing.
    """

    backends: list[Literal["onnx", "openvino"]]
    truncations: list[int]
    precisions: list[Literal["int8", "binary"]]
    calibration: int
    speed: SpeedParams | None
