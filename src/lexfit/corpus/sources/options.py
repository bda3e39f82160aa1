"""The options of each kind of training source, as frozen dataclasses: unknown keys and wrong types are errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from lexfit.typed import build

if TYPE_CHECKING:
    from lexfit.config import TrainSourceParams

T = TypeVar("T")


@dataclass(frozen=True)
class NoOptions:
    """For sources that have none."""


@dataclass(frozen=True)
class CitationOptions:
    """Passages of judgments as queries, the statutes that the judgments cite as documents.

    `texts` says whose words the statutes are in: the AILA release's own (`aila`), or those of Central Acts and the
    Constitution (`independent`), the former from the file or folder `central_acts` or the environment's. Each case
    gives up to `passages` passages of `passage_words` words; `mask` takes out what gives the answer away. A statute
    counts if at least `min_cases` cases cite it. `held_out_cases` and `held_out_statutes` are the shares of cases, and
    of statutes, that never train, for measuring what is learned beyond them.
    """

    texts: Literal["aila", "independent"]
    central_acts: str | None
    passages: int
    passage_words: int
    mask: bool
    min_cases: int
    held_out_cases: float
    held_out_statutes: float


OPTIONS: dict[str, type] = {"citations": CitationOptions}


def options_of(cls: type[T], source: TrainSourceParams, key: str, where: str = "params.yaml") -> T:
    """The options of a source.

    Args:
        cls: One of the classes above.
        source: Its params.
        key: Where those are, for errors.
        where: The file, for errors.
    """
    return build(cls, source.options, f"{key}.options", where)


def check_options(source: TrainSourceParams, key: str, where: str) -> None:
    """Refuse options that the source's kind doesn't have."""
    options_of(OPTIONS.get(source.source, NoOptions), source, key, where)
