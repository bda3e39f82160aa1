"""The comparison of methods is paired, over the same queries, and counts wins."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lexfit.config import Params
from lexfit.evaluation.claim import compare
from lexfit.evaluation.trec import PerQuery


def scores(*values: float) -> PerQuery:
    return {f"q{i}": {"ndcg_at_10": v, "map": v / 2} for i, v in enumerate(values)}


def test_means_gain_and_counts(make_params: Callable[..., Params]) -> None:
    methods = {
        "bm25": scores(0.1, 0.1, 0.1),
        "untrained": scores(0.2, 0.4, 0.6),
        "finetuned": scores(0.5, 0.4, 0.5),
    }
    out = compare(methods, ("map",), make_params().evaluation, 1)
    assert out["methods"]["finetuned"]["ndcg_at_10"] == pytest.approx(1.4 / 3, abs=1e-5)
    assert out["methods"]["untrained"]["map"] == pytest.approx(0.2)
    assert out["gain"]["mean"] == pytest.approx(0.2 / 3, abs=1e-5)
    assert (out["gain"]["better"], out["gain"]["equal"], out["gain"]["worse"]) == (1, 1, 1)
    assert out["gain"]["low"] <= out["gain"]["mean"] <= out["gain"]["high"]


def test_methods_scored_on_other_queries_are_refused(make_params: Callable[..., Params]) -> None:
    with pytest.raises(ValueError, match="same queries"):
        compare(
            {"bm25": scores(0.1), "untrained": scores(0.1, 0.2), "finetuned": scores(0.1)},
            (),
            make_params().evaluation,
            1,
        )
