"""What a form costs is a paired difference over the same queries."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.exports.scores import against, ndcg_by_query

WHOLE = {f"q{n}": n / 40 for n in range(40)}


def test_a_difference_is_of_the_same_queries(make_params: Callable[..., Params]) -> None:
    params = make_params().evaluation
    found = against({q: value - 0.01 for q, value in WHOLE.items()}, WHOLE, params, 1)
    assert found["change"] == found["low"] == found["high"] == pytest.approx(-0.01)
    assert found["ndcg_at_10"] == pytest.approx(sum(WHOLE.values()) / 40 - 0.01, abs=1e-5)
    same = against(WHOLE, WHOLE, params, 1)
    assert (same["change"], same["low"], same["high"]) == (0.0, 0.0, 0.0)


def test_other_queries_are_refused(make_params: Callable[..., Params]) -> None:
    with pytest.raises(LexfitError, match="other queries"):
        against({"q0": 0.1}, WHOLE, make_params().evaluation, 1)


def test_ndcg_is_mtebs() -> None:
    assert ndcg_by_query({"q": {"ndcg_cut_10": 0.25, "map": 0.1}}) == {"q": 0.25}
