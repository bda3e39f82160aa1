"""Whether this processor can do in reasonable time what params.yaml asks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lexfit.config import Params

# They compute products in `hardware.dtype`: the trainings, and the audit's embeddings.
TRAINING = {"adapt", "crossval", "inner_runs", "listwise", "model", "nested", "pretrain", "reranker", "soup", "student"}
COMPUTING = TRAINING | {"audit"}


def check_products(stage: str, params: Params) -> None:
    """Refuse bfloat16 on processors of x86 without AVX-512.

    PyTorch has kernels for it from there on (oneDNN). On older ones it falls back to plain loops, a hundred times as
    slow as float32: 1.2 GFLOP/s against 121 on an AMD EPYC with AVX2, products of 512 by 512 and of 2048 by 2048.

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

    if not _has_kernels(torch.cpu.get_capabilities()):
        raise LexfitError(
            "params.yaml: hardware.dtype",
            "is bfloat16, and this processor has no AVX-512: a step would take a hundred times as long as in float32",
            "Use `-S hardware=cpu` (scores differ in rounding)",
        )


def _has_kernels(capabilities: Mapping[str, object]) -> bool:
    return capabilities["architecture"] != "x86_64" or bool(capabilities["avx512_bw"] or capabilities["avx_ne_convert"])
