"""Documents as some steps before embedded them: a step over the whole corpus then embeds a part of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DocumentMemory(nn.Module):
    """Embeddings of passages from the last step that computed them; part of a training's state.

    Each passage is embedded, with a gradient, in every n-th step that asks for it, in turn with the others; between
    them it counts as it was. So do negatives in the cross-batch memory of Wang et al. 2020 (arXiv 1912.06798), which
    holds as far as embeddings move slowly. The gradient that a passage then has counts n times: over n steps its sum is
    that of a passage embedded in each.

    Args:
        passages: How many there are.
        dimension: Of an embedding.
        every: In how many steps each is embedded once.
    """

    embeddings: Tensor
    known: Tensor
    waits: Tensor

    def __init__(self, passages: int, dimension: int, every: int) -> None:
        super().__init__()
        self.register_buffer("embeddings", torch.zeros(passages, dimension))
        self.register_buffer("known", torch.zeros(passages, dtype=torch.bool))
        self.register_buffer("waits", torch.arange(passages) % every)  # how many steps until its turn
        self._every = every

    def unknown(self, passages: Tensor) -> Tensor:
        """Those of these that were never embedded."""
        return passages[~self.known[passages]]

    def remember(self, passages: Tensor, embeddings: Tensor) -> None:
        """Keep what these passages are now."""
        self.embeddings[passages] = embeddings.detach().to(self.embeddings.dtype)
        self.known[passages] = True

    def due(self, passages: Tensor) -> Tensor:
        """Which of these it is the turn of, boolean, shape (passages,)."""
        return self.waits[passages] == 0

    def completed(self, passages: Tensor, due: Tensor, fresh: Tensor) -> Tensor:
        """Embeddings of all that a step asks for, shape (passages, dimension); a turn passes.

        Args:
            passages: Each once, shape (passages,); all are known.
            due: Those that were embedded anew, as `due` gives them.
            fresh: Their embeddings, in order.
        """
        self.remember(passages[due], fresh)
        self.waits[passages[due]] = self._every
        self.waits[passages] -= 1
        counted = fresh.detach() + self._every * (fresh - fresh.detach())
        return self.embeddings[passages].to(fresh.dtype).index_put((torch.nonzero(due)[:, 0],), counted)
