"""How many bytes are held at once, by what they are held for: every storage from its first operation to its end."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

if TYPE_CHECKING:
    from torch import nn

PARTS = ("weights", "gradients", "optimizer", "activations")


class HeldMemory(TorchDispatchMode):
    """Counts bytes of tensors that live while it is entered, and remembers the parts of the largest sum.

    Torch's own `MemTracker` refuses a model that is called more than once a step, as gradient caching does. Works on
    tensors with and without contents.

    Args:
        model: Its parameters and buffers are weights, what accumulates at its parameters are gradients.
        optimizer: Its state, as far as it is there.
    """

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = dict.fromkeys(PARTS, 0)
        self.peak = dict(self.now)
        self._held: dict[int, tuple[str, int]] = {}
        self._hooks: list[Any] = []
        for tensor in [*model.parameters(), *model.buffers()]:
            self._hold(tensor, "weights")
        for state in optimizer.state.values():
            for value in state.values():
                if isinstance(value, torch.Tensor):
                    self._hold(value, "optimizer")
        for parameter in model.parameters():
            if parameter.requires_grad:
                if parameter.grad is not None:
                    self._hold(parameter.grad, "gradients")
                hook = parameter.register_post_accumulate_grad_hook(self._accumulated)  # type: ignore[no-untyped-call]
                self._hooks.append(hook)

    def _accumulated(self, parameter: torch.Tensor) -> None:
        if parameter.grad is not None:
            self._hold(parameter.grad, "gradients")

    def _hold(self, tensor: torch.Tensor, part: str) -> None:
        storage = tensor.untyped_storage()
        key = id(storage)
        if key in self._held:
            before, size = self._held[key]
            self.now[before] -= size
        else:
            size = storage.nbytes()
            weakref.finalize(storage, self._release, key)
        self._held[key] = (part, size)
        self.now[part] += size
        if sum(self.now.values()) > sum(self.peak.values()):
            self.peak = dict(self.now)

    def _release(self, key: int) -> None:
        part, size = self._held.pop(key)
        self.now[part] -= size

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation; what it makes is held from now on."""
        del types
        out = func(*args, **(kwargs or {}))
        for value in tree_iter(out):
            if isinstance(value, torch.Tensor) and id(value.untyped_storage()) not in self._held:
                self._hold(value, "activations")
        return out

    def __exit__(self, *error: Any) -> None:
        """Stop counting."""
        for hook in self._hooks:
            hook.remove()
        super().__exit__(*error)  # type: ignore[no-untyped-call]
