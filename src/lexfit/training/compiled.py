"""The layers that train, compiled by torch while they train."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from lexfit.errors import LexfitError
from lexfit.training.layers import find_layers, first_trained_layer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


@contextmanager
def compiled(transformer: nn.Module, wanted: bool) -> Iterator[None]:
    """While this lasts, the layers from the first that trains on run as torch compiles them, for texts of any length.

    Layer by layer, since they are alike and all but the first then come from the cache; frozen ones may be replayed.
    Afterwards the model is as it was, so that what is scored is what will be loaded.

    Args:
        transformer: Its layers' `forward` is replaced.
        wanted: `hardware.compile`.

    Raises:
        LexfitError: There is no compiler.
    """
    layers = list(find_layers(transformer))[first_trained_layer(transformer) :] if wanted else []
    for layer in layers:
        layer.forward = torch.compile(layer.forward, dynamic=True)
    try:
        yield
    except torch._dynamo.exc.BackendCompilerFailed as error:
        raise LexfitError(
            "params.yaml: hardware.compile",
            f"torch can't compile the model here: {str(error.inner_exception).splitlines()[0]}",
            "Install a C++ compiler (Debian: apt-get install g++), or set it to false",
        ) from error
    finally:
        for layer in layers:
            del layer.forward
