"""Selection of the best scores, ties and all."""

from __future__ import annotations

import numpy as np


def contenders(scores: np.ndarray, k: int) -> np.ndarray:
    """Positions, rising, of every score that is at least the k-th best: `k` of them, or more where the last is tied.

    Args:
        scores: Shape (n,).
        k: At least 1; above n, every position is returned.
    """
    if k >= len(scores):
        return np.arange(len(scores))
    return np.flatnonzero(scores >= np.partition(scores, -k)[-k])
