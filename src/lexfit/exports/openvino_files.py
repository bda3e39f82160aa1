"""OpenVINO files of a model's transformer, through its own converter and NNCF's post-training quantization.

optimum-intel 2.2.0, which sentence-transformers exports by, wants transformers below 5.6. Names, inputs, output and
places are optimum's, so its loader takes the files.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lexfit.exports.packages import require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

FP32, INT8 = "openvino_model.xml", "openvino_model_qint8_quantized.xml"


def export_openvino(graph: Path, path: Path) -> None:
    """Write the .xml and .bin of an ONNX file, weights in float32."""
    require("openvino")
    import openvino  # noqa: PLC0415

    path.parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(openvino.convert_model(str(graph)), str(path), compress_to_fp16=False)


def quantize_openvino(source: Path, path: Path, calibration: Sequence[dict[str, Tensor]]) -> None:
    """Write a model with int8 weights and activations.

    Args:
        source: The .xml in float32.
        path: The new .xml.
        calibration: Inputs by name, one text each, from which the ranges of activations are taken.
    """
    require("openvino")
    import nncf  # noqa: PLC0415
    import openvino  # noqa: PLC0415

    logging.getLogger("nncf").setLevel(logging.ERROR)
    texts = nncf.Dataset([{name: value.numpy() for name, value in inputs.items()} for inputs in calibration])
    quantized = nncf.quantize(
        openvino.Core().read_model(str(source)),
        texts,
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(calibration),
    )
    openvino.save_model(quantized, str(path), compress_to_fp16=False)
