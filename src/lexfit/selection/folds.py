"""The trainings of a nested cross-validation, and the scores that they give."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from lexfit.rows import number, placed_rows, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lexfit.evaluation.trec import PerQuery

HEADER = ["epochs", "interpolation", "query_id", "fold", "also_excluded", "ndcg_at_10"]


class Score(NamedTuple):
    """One query's score by a model that trained without its fold, and without one more (None: without no other)."""

    epochs: int
    interpolation: float
    query_id: str
    fold: int
    also_excluded: int | None
    value: float

    @property
    def setting(self) -> tuple[int, float]:
        """Epochs and interpolation: what sets the members apart that one training gives."""
        return self.epochs, self.interpolation


def excluded_sets(folds: Iterable[int]) -> list[frozenset[int]]:
    """What each training leaves out: every fold, then every pair of folds.

    A model without folds a and b is an inner model of both: it ranks b's queries when a is the outer fold, and
    a's when b is. So k folds take k + k(k-1)/2 trainings, where nesting a cross-validation takes k + k(k-1).
    """
    numbers = list(folds)
    return [*(frozenset({f}) for f in numbers), *(frozenset(pair) for pair in combinations(numbers, 2))]


def scores_of(
    excluded: frozenset[int], setting: tuple[int, float], per_query: PerQuery, fold_of: dict[str, int], measure: str
) -> list[Score]:
    """The scores that one trained model gives: those of the queries that it left out.

    Args:
        excluded: Folds that it trained without, one or two.
        setting: Epochs, and interpolation between base and tuned weights.
        per_query: Measures of the queries of those folds.
        fold_of: Fold of each query.
        measure: Which one.
    """
    found = []
    for query_id, scores in per_query.items():
        fold = fold_of[query_id]
        others = excluded - {fold}
        if fold not in excluded or len(others) > 1:
            raise ValueError(f"Query {query_id} of fold {fold} was trained on, or three folds were left out.")
        found.append(Score(*setting, query_id, fold, next(iter(others), None), scores[measure]))
    return found


def to_rows(scores: Iterable[Score]) -> list[list[object]]:
    """Rows of reports/nested.tsv; an outer model's row says `-` for the further fold."""
    ordered = sorted(
        scores, key=lambda s: (s.setting, -1 if s.also_excluded is None else s.also_excluded, s.fold, s.query_id)
    )
    return [
        [*s.setting, s.query_id, s.fold, "-" if s.also_excluded is None else s.also_excluded, round(s.value, 6)]
        for s in ordered
    ]


def from_text(text: str, where: str = "reports/nested.tsv") -> list[Score]:
    """Scores from the text of reports/nested.tsv; `where` it stands is for errors."""
    return [
        Score(
            whole_number(row["epochs"], place),
            number(row["interpolation"], place),
            row["query_id"],
            whole_number(row["fold"], place),
            None if row["also_excluded"] == "-" else whole_number(row["also_excluded"], place),
            number(row["ndcg_at_10"], place),
        )
        for place, row in placed_rows(text, where, HEADER, "\t", quoted=False)
    ]
