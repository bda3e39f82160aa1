"""The options of each kind of training source, as frozen dataclasses: unknown keys and wrong types are errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, TypeVar, get_type_hints

from lexfit.errors import LexfitError
from lexfit.typed import build

if TYPE_CHECKING:
    from lexfit.config import TrainSourceParams

T = TypeVar("T")


class Within(NamedTuple):
    """The range of an option's value, unless that is null."""

    low: float
    high: float | None = None


# Licences of the texts that `texts: independent` takes, as their publishers state them.
INDEPENDENT_LICENCES = {"central_acts": "unlicense", "constitution": "apache-2.0"}
Count = Annotated[int, Within(0)]
Positive = Annotated[int, Within(1)]


@dataclass(frozen=True)
class NoOptions:
    """For sources that have none."""


@dataclass(frozen=True)
class CitationOptions:
    """Passages of judgments as queries, the statutes that the judgments cite as documents.

    `texts` says whose words the statutes are in: the AILA release's own (`aila`), or those of Central Acts and the
    Constitution (`independent`), the former from the file or folder `central_acts` or the environment's; of these only
    the cited ones are documents, with `labels` laid out as the AILA release does (`Title:`, `Desc:`). Each case
    gives up to `passages` passages of `passage_words` words; `mask` takes out what gives the answer away. A statute
    counts if at least `min_cases` cases cite it. `held_out_cases` and `held_out_statutes` are the shares of cases, and
    of statutes, that never train, for measuring what is learned beyond them.
    """

    texts: Literal["aila", "independent"]
    central_acts: str | None
    labels: bool
    passages: int
    passage_words: int
    mask: bool
    min_cases: int
    held_out_cases: float
    held_out_statutes: float


@dataclass(frozen=True)
class CentralActOptions:
    """What statute law says about itself, as queries.

    Kinds are `titles` (a section's title, its text), `cross_references` (a passage that refers to a section of its
    Act, number masked, and that section), `definitions` (a term and its Act, the section that defines it) and
    `definition_texts` (a term, what it means). Sections come from Acts whose titles hold one of `acts` (null: all)
    and have at least `min_words` words. Each kind gives at most `max_queries` queries (null: all), drawn by the seed;
    a query with more than `max_positives` answers is dropped. Passages have `passage_words` words. Up to `neighbours`
    sections on each side of an answer are judged not relevant. The corpus is `all` sections, or the `judged` ones.
    """

    kinds: list[Literal["titles", "cross_references", "definitions", "definition_texts"]]
    acts: list[str] | None
    min_words: Positive
    max_queries: Annotated[int | None, Within(1)]
    max_positives: Positive
    passage_words: Annotated[int, Within(8)]
    neighbours: Count
    corpus: Literal["all", "judged"]

    @property
    def defines(self) -> bool:
        """Whether definitions are asked for."""
        return bool({"definitions", "definition_texts"} & set(self.kinds))


@dataclass(frozen=True)
class ColumnOptions:
    """Columns of a table: of the query, its positives and negatives (texts or lists of texts), the positives' titles.

    `config` is the Hub data set's configuration, if it has several.
    """

    config: str | None
    query_column: str
    positive_column: str
    negative_columns: list[str]
    title_column: str | None


@dataclass(frozen=True)
class CropOptions:
    """Spans of documents as queries, the documents as positives.

    The documents are those of a folder in BEIR layout, of the file of Central Acts, or the AILA release's statutes
    (`corpus`), up to `max_documents` of them (null: all), drawn by the seed. Each gives up to `spans` spans of
    `span_min` to `span_max` words, and loses a span with probability `removed`; `left_words` words must be left.
    """

    corpus: Literal["beir", "central_acts", "aila_fire"]
    max_documents: Annotated[int | None, Within(1)]
    spans: Positive
    span_min: Positive
    span_max: Positive
    removed: Annotated[float, Within(0, 1)]
    left_words: Positive


@dataclass(frozen=True)
class SyntheticOptions:
    """Queries that a language model (`generator`) writes for documents, kept if a retriever finds the document by them.

    The documents are those of `corpus`, as for crops, up to `max_documents` of them; the generator reads up to
    `document_words` words of each and writes `per_document` texts. One is dropped that is shorter than `min_words`, of
    whose 5-word runs more than `max_copied` stand in the document, that repeats an earlier one, or by which the base
    model doesn't rank the document among the first `within` of those drawn.
    """

    corpus: Literal["beir", "central_acts", "aila_fire"]
    max_documents: Annotated[int | None, Within(1)]
    document_words: Positive
    per_document: Positive
    min_words: Positive
    max_copied: Annotated[float, Within(0, 1)]
    within: Positive


OPTIONS: dict[str, type] = {
    "citations": CitationOptions,
    "central_acts": CentralActOptions,
    "columns": ColumnOptions,
    "crops": CropOptions,
    "synthetic": SyntheticOptions,
}


def options_of(cls: type[T], source: TrainSourceParams, key: str, where: str = "params.yaml") -> T:
    """The options of a source.

    Args:
        cls: One of the classes above.
        source: Its params.
        key: Where those are, for errors.
        where: The file, for errors.
    """
    options = build(cls, source.options, f"{key}.options", where)
    for name, hint in get_type_hints(cls, include_extras=True).items():
        value = getattr(options, name)
        for allowed in (extra for extra in getattr(hint, "__metadata__", ()) if value is not None):
            if value < allowed.low or (allowed.high is not None and value > allowed.high):
                most = "" if allowed.high is None else f" and at most {allowed.high}"
                remedy = f"It must be at least {allowed.low}{most}"
                raise LexfitError(f"{where}: {key}.options.{name}", f"is {value}", remedy)
    return options


def check_options(source: TrainSourceParams, key: str, where: str) -> None:
    """Refuse options that the source's kind doesn't have."""
    options_of(OPTIONS.get(source.source, NoOptions), source, key, where)
