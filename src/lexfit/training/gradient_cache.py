"""Embedding of many texts in chunks, with gradients computed chunk by chunk so that memory stays flat.

Gradient caching (Gao et al. 2021, arXiv 2101.06983) by the parts of sentence-transformers' cached losses; here it
is outside of the loss, so that every loss has a cached form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from sentence_transformers.base.losses import RandContext
from torch import Tensor

from lexfit.training.processes import gathered, share_of

if TYPE_CHECKING:
    from collections.abc import Callable


def cached_loss(
    chunks: list[list[int]],
    embed: Callable[[list[int]], Tensor],
    loss_of: Callable[[Tensor], Tensor],
    dimension: int,
) -> Tensor:
    """The loss over all texts' embeddings, whose backward pass embeds one chunk at a time again.

    Args:
        chunks: Texts by chunk.
        embed: Embeddings of one chunk, shape (texts, dimension).
        loss_of: The loss from all embeddings, in the order of the chunks, shape (all texts, dimension).
        dimension: Of an embedding.
    """
    states, parts = [], []
    own = share_of(chunks)
    with torch.no_grad():
        for chunk in own:
            states.append(RandContext())
            parts.append(embed(chunk))
    leaf = gathered(parts, chunks, dimension).requires_grad_()
    with torch.enable_grad():
        loss = loss_of(leaf)
    (gradient,) = torch.autograd.grad(loss, leaf)
    gradients = share_of(torch.split(gradient, [len(chunk) for chunk in chunks]))
    out = loss.detach().requires_grad_()

    def replay(grad_output: Tensor) -> None:
        with torch.enable_grad():
            for chunk, state, part in zip(own, states, gradients, strict=True):
                with state:
                    embedding = embed(chunk)
                torch.autograd.backward(embedding, part * grad_output)

    out.register_hook(replay)  # type: ignore[no-untyped-call]
    return out
