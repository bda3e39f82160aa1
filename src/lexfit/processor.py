"""Whether this processor can do in reasonable time what params.yaml asks of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lexfit.config import Params

# They compute products in `hardware.dtype`: the trainings, and the audit's embeddings.
TRAINING = {"adapt", "crossval", "inner_runs", "listwise", "model", "nested", "pretrain", "reranker", "soup", "student"}
COMPUTING = TRAINING | {"audit"}


def check_products(stage: str, params: Params) -> None:
    """Refuse bfloat16 on processors of x86 without AVX-512; where it is only emulated, say so.

    PyTorch has kernels for it from AVX-512 on (oneDNN). On older processors it falls back to plain loops, a hundred
    times as slow as float32: 1.2 GFLOP/s against 121 on an AMD EPYC with AVX2, products of 512 by 512 and of 2048 by
    2048. Without AVX512_BF16 or AMX the kernels compute in float32: 60 against 299 on an Intel Xeon (Ice Lake).

    Args:
        stage: Its name, with `@` and its item where it has items. Those that compute in float32 alone always may.
        params: hardware.dtype and runtime.device are used.

    Raises:
        LexfitError: The stage would compute in bfloat16 on such a processor.
    """
    if (
        stage.partition("@")[0] not in COMPUTING
        or params.hardware.dtype != "bfloat16"
        or params.runtime.device != "cpu"
    ):
        return
    import torch  # noqa: PLC0415

    capabilities = torch.cpu.get_capabilities()
    if not _has_kernels(capabilities):
        raise LexfitError(
            "params.yaml: hardware.dtype",
            "is bfloat16, and this processor has no AVX-512: a step would take a hundred times as long as in float32",
            "Use `-S hardware=cpu` (scores differ in rounding)",
        )
    if not _is_native(capabilities):
        logging.getLogger(__name__).warning(
            "params.yaml: hardware.dtype is bfloat16, and this processor has neither AVX512_BF16 nor AMX: products "
            "take up to five times as long as in float32. `-S hardware=cpu` is faster here (scores differ in rounding)"
        )


def _has_kernels(capabilities: Mapping[str, object]) -> bool:
    return capabilities["architecture"] != "x86_64" or bool(capabilities["avx512_bw"] or capabilities["avx_ne_convert"])


def _is_native(capabilities: Mapping[str, object]) -> bool:
    native = ("avx512_bf16", "amx_bf16", "avx_ne_convert")
    return capabilities["architecture"] != "x86_64" or any(capabilities[name] for name in native)
