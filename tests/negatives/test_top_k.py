"""The best scores are all there, those tied with the last included."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lexfit.negatives.top_k import contenders


@given(scores=st.lists(st.integers(-3, 3), min_size=1, max_size=12), k=st.integers(1, 15))
def test_contenders_are_those_that_fewer_than_k_surpass(scores: list[int], k: int) -> None:
    expected = [n for n, score in enumerate(scores) if sum(other > score for other in scores) < k]
    assert contenders(np.array(scores, float), k).tolist() == expected
