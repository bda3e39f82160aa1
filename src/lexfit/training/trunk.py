"""The frozen lower layers of a transformer, run once for each text and replayed from then on."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from lexfit.training.layers import evaluating, find_layers, first_trained_layer
from lexfit.training.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sentence_transformers import SentenceTransformer

    from lexfit.config import Params
    from lexfit.tensor_store import TensorStore


class _CapturedError(Exception):
    """Ends a forward pass once the trunk's output is known."""

    def __init__(self, hidden: Tensor) -> None:
        super().__init__()
        self.hidden = hidden


def _hidden_states(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    hidden: Tensor = args[0] if args else kwargs["hidden_states"]
    return hidden


class FrozenTrunk:
    """The layers below the first one that trains.

    Their output for a text is computed alone, without padding, on a CPU by one thread, so that it is the same bytes
    whatever else is trained on and whether or not it comes from `store`. The model itself is never rebuilt: while a
    replay lasts the frozen layers hand the stored output through, so attention masks, rotary positions,
    final norms and adapters are those of the architecture's own code.

    Args:
        model: Its first module is a sentence-transformers `Transformer`.
        store: Where outputs are kept between runs, or None.
        megabytes: Memory for outputs; those used longest ago go first, and come back from `store` or are computed anew.

    Raises:
        ValueError: Nothing is frozen below a trained layer.
    """

    def __init__(self, model: SentenceTransformer, store: TensorStore | None = None, megabytes: int = 1024) -> None:
        self.depth = first_trained_layer(model[0].model)
        if self.depth < 1:
            raise ValueError("No transformer layer below the first trained one is frozen: there is no trunk.")
        self._model = model
        self._layers = list(find_layers(model[0].model))
        self._store = store
        self._known: OrderedDict[bytes, Tensor] = OrderedDict()
        self._room = megabytes * 2**20
        self._returns_tuple = self._probe()

    def outputs(self, texts: Sequence[dict[str, Any]]) -> list[Tensor]:
        """The trunk's output for each text, unpadded, shape (tokens, hidden), on the CPU.

        Args:
            texts: Each as `SentenceTransformer.preprocess` gives it for a list of one text.
        """
        keys = [features["input_ids"].to(torch.int64).cpu().numpy().tobytes() for features in texts]
        found = {key: hidden for key in dict.fromkeys(keys) if (hidden := self._look_up(key)) is not None}
        unknown = {key: features for key, features in zip(keys, texts, strict=True) if key not in found}
        computed = self._run(list(unknown.values())) if unknown else []
        for key, hidden in zip(unknown, computed, strict=True):
            found[key] = hidden
            if self._store:
                self._store.put(key, hidden)
            self._keep(key, hidden)
        return [found[key] for key in keys]

    @contextmanager
    def replay(self, hidden: Tensor) -> Iterator[None]:
        """While this lasts, the frozen layers give `hidden`, shape (batch, tokens, hidden), for any input."""
        result = (hidden,) if self._returns_tuple else hidden

        def give(*args: Any, **kwargs: Any) -> Any:
            del args, kwargs
            return result

        frozen = self._layers[: self.depth]
        for layer in frozen:
            layer.forward = give
        try:
            yield
        finally:
            for layer in frozen:
                del layer.forward

    def _look_up(self, key: bytes) -> Tensor | None:
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        hidden = self._store.get(key) if self._store else None
        if hidden is not None:
            self._keep(key, hidden)
        return hidden

    def _keep(self, key: bytes, hidden: Tensor) -> None:
        self._known[key] = hidden
        self._room -= hidden.nbytes
        while self._room < 0 and len(self._known) > 1:
            self._room += self._known.popitem(last=False)[1].nbytes

    def _run(self, texts: list[dict[str, Any]]) -> list[Tensor]:
        def stop(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            del module
            raise _CapturedError(_hidden_states(args, kwargs))

        handle = self._layers[self.depth].register_forward_pre_hook(stop, with_kwargs=True)
        try:
            with evaluating(self._model):
                if self._model.device.type == "cpu":
                    return side_by_side(self._run_one, texts)
                return [self._run_one(features) for features in texts]
        finally:
            handle.remove()

    def _run_one(self, features: dict[str, Any]) -> Tensor:
        device = self._model.device
        inputs = {k: v.to(device) if isinstance(v, Tensor) else v for k, v in features.items()}
        try:
            with torch.no_grad():
                self._model[0](inputs)
        except _CapturedError as captured:
            return captured.hidden[0].detach().cpu().contiguous()
        raise RuntimeError("The transformer's forward pass reached no trained layer.")

    def _probe(self) -> bool:
        """Whether a layer of this architecture returns a tuple."""
        seen: list[Any] = []
        handle = self._layers[self.depth - 1].register_forward_hook(lambda m, a, out: seen.append(out))
        try:
            self._run([dict(self._model.preprocess(["a"]))])
        finally:
            handle.remove()
        return isinstance(seen[0], tuple)


def find_trunk(params: Params, model: SentenceTransformer) -> FrozenTrunk | None:
    """The frozen layers as a cache, or None where all layers train or `hardware.trunk_cache` is off.

    The trunk computes in the weights' own dtype; autocasting (`hardware.dtype`) is for the layers that train.
    """
    from lexfit.cache import cache_folder  # noqa: PLC0415
    from lexfit.tensor_store import TensorStore  # noqa: PLC0415
    from lexfit.training.trunk_scope import trunk_scope  # noqa: PLC0415

    depth = first_trained_layer(model[0].model)
    if not params.hardware.trunk_cache or depth < 1:
        return None
    dtype = str(next(model.parameters()).dtype)
    scope = trunk_scope(params.model, params.hardware, params.runtime, depth, dtype)
    cap = params.runtime.trunk_cache_mb
    return FrozenTrunk(model, TensorStore(cache_folder("trunk"), scope, cap), cap)
