"""Linear maps as bitsandbytes keeps them, for counting: packed weights, and whole ones only while they are used."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lexfit.training.layers import layer_of

BLOCK, SECOND_BLOCK = 64, 256  # weights that share a scale, and scales that share a second one (double quantisation)


class _Product(torch.autograd.Function):
    """x W^T; W is unpacked forwards and backwards and kept in neither."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, packed: Tensor, shape: tuple[int, int], dtype: torch.dtype) -> Tensor:
        ctx.shape, ctx.dtype = shape, dtype
        del packed
        return x.to(dtype) @ torch.empty(shape, dtype=dtype, device=x.device).t()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (gradient,) = gradients
        weight = torch.empty(ctx.shape, dtype=ctx.dtype, device=gradient.device)
        return gradient.to(ctx.dtype) @ weight, None, None, None


class PackedLinear(nn.Module):
    """A linear map of 4 or 8 bits a weight.

    Args:
        linear: Whose shape it has.
        kind: `nf4` with double quantisation, or `int8`.
        dtype: Of its products.
    """

    def __init__(self, linear: nn.Linear, kind: str, dtype: torch.dtype) -> None:
        super().__init__()
        count = linear.weight.numel()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self._shape, self._dtype = (linear.out_features, linear.in_features), dtype
        if kind == "nf4":
            self.register_buffer("packed", torch.empty(count // 2, dtype=torch.uint8))
            self.register_buffer("scales", torch.empty(-(-count // BLOCK), dtype=torch.uint8))
            self.register_buffer("second", torch.empty(-(-count // BLOCK // SECOND_BLOCK), dtype=torch.float32))
        else:
            self.register_buffer("packed", torch.empty(count, dtype=torch.int8))
            self.register_buffer("scales", torch.empty(linear.out_features, dtype=torch.float32))
        self.bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        """The product, in `dtype`."""
        out: Tensor = _Product.apply(x, self.packed, self._shape, self._dtype)  # type: ignore[no-untyped-call]
        return out if self.bias is None else out + self.bias.to(self._dtype)


def pack(model: nn.Module, kind: str, dtype: torch.dtype) -> None:
    """Replace the linear maps of a transformer's layers, adapters' own ones aside, and keep the rest in float32.

    The latter is what `prepare_model_for_kbit_training` does.
    """
    for name, module in list(model.named_modules()):
        for child, part in list(module.named_children()):
            path = f"{name}.{child}"
            if isinstance(part, nn.Linear) and layer_of(f"{path}.") is not None and "lora_" not in path:
                setattr(module, child, PackedLinear(part, kind, dtype))
    for parameter in model.parameters():
        if parameter.dtype in (torch.bfloat16, torch.float16):
            parameter.data = parameter.data.float()
