"""Another attention kernel while a model trains than where it is scored."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from transformers import PreTrainedModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


@contextmanager
def attention_kernel(model: nn.Module, name: str | None) -> Iterator[None]:
    """While this lasts, the transformers inside of a model attend by this kernel of transformers' registry.

    Args:
        model: Holds transformers' models, in wrappers or not.
        name: As `set_attn_implementation` takes it; None: the kernel that they have.
    """
    found = [m for m in model.modules() if isinstance(m, PreTrainedModel)] if name else []
    before = [m.config._attn_implementation for m in found]
    for transformer in found:
        transformer.set_attn_implementation(name)
    try:
        yield
    finally:
        for transformer, own in zip(found, before, strict=True):
            transformer.set_attn_implementation(own)
