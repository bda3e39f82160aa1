"""The members of a sweep: a grid, random draws, or values that TPE proposes from the scores so far."""

from __future__ import annotations

import itertools
import json
import math
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lexfit.sweeps.space import Axis

Values = dict[str, Any]
DIGITS = 3
TRIES = 50


def rounded(number: float) -> float:
    """A number to three significant digits: what a person can read and type."""
    return float(f"{number:.{DIGITS}g}")


def points_of(axis: Axis) -> list[Any]:
    """The values that a grid takes on an axis.

    Raises:
        LexfitError: It is a range of any numbers, without `points`.
    """
    if axis.listed:
        return list(axis.values)
    if axis.points is None:
        if not axis.whole:
            raise LexfitError(axis.key, "is a range, and a grid needs to know of how many", "Add `points: 3`, say")
        return list(range(int(axis.low), int(axis.high) + 1))
    shares = [place / (axis.points - 1) for place in range(axis.points)]
    if axis.log:
        first, last = math.log(axis.low), math.log(axis.high)
        found = [math.exp(first + share * (last - first)) for share in shares]
    else:
        found = [axis.low + share * (axis.high - axis.low) for share in shares]
    if axis.whole:
        return sorted({round(value) for value in found})
    return [rounded(value) for value in found]


def grid(space: Sequence[Axis]) -> list[Values]:
    """Every combination of the axes' points, the last axis fastest."""
    keys = [axis.key for axis in space]
    return [dict(zip(keys, values, strict=True)) for values in itertools.product(*map(points_of, space))]


class Study:
    """Optuna's sampler behind ask and tell, in memory.

    What it proposes follows from the space, the seed and what it was told, in order. So a sweep that was killed is
    taken up by asking and telling anew: its experiments are its state, and no file of Optuna's can disagree with them.

    Args:
        space: The axes.
        sampler: `random` or `tpe`.
        seed: Of the sampler.

    Raises:
        LexfitError: Optuna isn't installed.
    """

    def __init__(self, space: Sequence[Axis], sampler: str, seed: int) -> None:
        try:
            import optuna  # noqa: PLC0415  (an optional package)
        except ImportError as error:
            remedy = "Run `make setup-sweep`, or `pip install -r requirements-sweep.lock`; a grid needs neither"
            raise LexfitError("optuna", "isn't installed", remedy) from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        samplers = {"random": optuna.samplers.RandomSampler, "tpe": optuna.samplers.TPESampler}
        self._study = optuna.create_study(direction="maximize", sampler=samplers[sampler](seed=seed))
        self._failed = optuna.trial.TrialState.FAIL
        self._space = list(space)
        self._distributions: dict[str, Any] = {}
        for axis in space:
            if axis.listed:  # by place, since a value may be a list
                kind = optuna.distributions.CategoricalDistribution(list(range(len(axis.values))))
            elif axis.whole:
                kind = optuna.distributions.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
            else:
                kind = optuna.distributions.FloatDistribution(axis.low, axis.high, log=axis.log)
            self._distributions[axis.key] = kind

    def ask(self) -> Values:
        """The next member's values; `tell` must follow."""
        self._trial = self._study.ask(self._distributions)
        return {axis.key: self._value(axis, self._trial.params[axis.key]) for axis in self._space}

    def tell(self, score: float | None) -> None:
        """The score of the member that was asked for; None if it failed."""
        if score is None:
            self._study.tell(self._trial, state=self._failed)
        else:
            self._study.tell(self._trial, score)

    @staticmethod
    def _value(axis: Axis, drawn: Any) -> Any:
        if axis.listed:
            return axis.values[drawn]
        return int(drawn) if axis.whole else min(max(rounded(drawn), axis.low), axis.high)


def drawn(space: Sequence[Axis], trials: int, seed: int) -> list[Values]:
    """Up to so many random members, no two alike: fewer if the space seems to hold no more."""
    study = Study(space, "random", seed)
    found: dict[str, Values] = {}
    for _ in range(trials * TRIES):
        if len(found) == trials:
            break
        values = study.ask()
        study.tell(None)
        found.setdefault(json.dumps(values), values)
    return list(found.values())
