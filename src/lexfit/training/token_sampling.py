"""A random share of each text's tokens for the layers that train: a step costs that share of its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from lexfit.errors import LexfitError
from lexfit.training.layers import SHARED

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.training.trunk import FrozenTrunk

FEWEST = 32  # tokens; a shorter text stays whole


class TokenSampler:
    """Which of a text's tokens the trained layers see in a step; scoring sees all of them.

    Patches of images are left out so by Li et al. 2023 (arXiv 2212.00794, FLIP), and tokens between layers by Yao et
    al. 2022 (arXiv 2211.11586, random-LTD). The frozen layers have read the whole text, so what a kept token holds
    comes from all of it. A draw depends on the seed, the step and the text alone: a training that goes on from a
    checkpoint, computes a chunk again or shares its texts among processes draws the same.

    Args:
        share: Of a text's tokens that are kept, in (0, 1).
        seed: Of the draws.
    """

    def __init__(self, share: float, seed: int) -> None:
        self._share, self._seed = share, seed
        self.step = 0

    def kept(self, text: int, tokens: int) -> Tensor:
        """Positions that are kept, ascending; the first and the last, where special tokens stand, among them.

        Args:
            text: Its number.
            tokens: How many it has.
        """
        count = max(min(tokens, FEWEST), round(tokens * self._share))
        if count >= tokens:
            return torch.arange(tokens)
        inner = np.random.default_rng([self._seed, self.step, text]).choice(tokens - 2, count - 2, replace=False)
        return torch.from_numpy(np.concatenate([[0], np.sort(inner) + 1, [tokens - 1]]))


def only(features: dict[str, Any], positions: Tensor) -> dict[str, Any]:
    """A text's features, as `preprocess` gives them for a list of one, at some positions alone."""
    return {
        name: value[:, positions] if isinstance(value, Tensor) and value.ndim == 2 else value
        for name, value in features.items()
    }


def find_sampler(params: Params, transformer: nn.Module, trunk: FrozenTrunk | None) -> TokenSampler | None:
    """The sampler of `train.token_share`, or None where all tokens are kept.

    Raises:
        LexfitError: Every layer trains, or the architecture attends by distances between neighbours in its input
            (MPNet, T5) or within a window shorter than the texts, which would change where tokens are left out.
    """
    share = params.train.token_share
    if share == 1:
        return None
    if trunk is None:
        raise LexfitError(
            "params.yaml: train.token_share",
            f"is {share}, and leaves out tokens above frozen layers: no layer is frozen below those that train",
            "Set it to 1, or lower adapter.top_layers",
        )
    if any(SHARED.search(name) for name, _ in transformer.named_parameters()):
        raise LexfitError(
            "params.yaml: train.token_share",
            f"is {share}, and {type(transformer).__name__} attends by relative distances that leaving out would change",
            "Set it to 1 for this model",
        )
    window = getattr(transformer.config, "sliding_window", None)
    if window is not None and window < params.train.max_seq_length:
        raise LexfitError(
            "params.yaml: train.token_share",
            f"is {share}, and {type(transformer).__name__} attends within a window of {window} tokens, shorter than "
            f"{params.train.max_seq_length}, which would reach further where tokens are left out",
            "Set it to 1, or lower train.max_seq_length",
        )
    return TokenSampler(share, params.seed)
