"""ONNX files of a model's transformer, through torch's exporter and ONNX Runtime's quantizer.

optimum, which sentence-transformers exports by, has no release for transformers 5 (optimum-onnx 0.1.0 wants one below
4.58). Names, inputs, output and places are optimum's, so its loader takes the files.
"""

from __future__ import annotations

import inspect
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from lexfit.errors import LexfitError
from lexfit.exports.packages import require
from lexfit.exports.sessions import OUTPUT

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

FP32, INT8 = "model.onnx", "model_qint8_avx512_vnni.onnx"
OPSET = 18
LIMIT = 2 * 2**30  # bytes of a protobuf file
FUSED = {"bert", "roberta", "distilbert"}  # architectures whose attention ONNX Runtime fuses
SAMPLE = ["a tax on land", "the murder of a man in a house at night"]


class _Graph(nn.Module):
    """A transformer as a function of its inputs in a fixed order, with one output."""

    def __init__(self, model: nn.Module, names: list[str]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *values: Tensor) -> Any:
        """Token embeddings, shape (texts, tokens, dimensions)."""
        return self.model(**dict(zip(self.names, values, strict=True)), return_dict=True).last_hidden_state


def graph_inputs(model: SentenceTransformer, texts: list[str]) -> dict[str, Tensor]:
    """What the tokenizer gives and the transformer takes, by name."""
    taken = inspect.signature(model[0].model.forward).parameters
    return {name: value for name, value in model.preprocess(texts).items() if name in taken}


def export_onnx(model: SentenceTransformer, path: Path) -> None:
    """Write the transformer, float32, any number of texts and tokens.

    Raises:
        LexfitError: A package is missing, the model is too large for one file, or torch can't export it.
    """
    require("onnx")
    transformer = model[0].model
    size = sum(parameter.numel() * 4 for parameter in transformer.parameters())
    remedy = "Leave it out with `-S exports=embeddings`"
    if size >= LIMIT:
        raise LexfitError("params.yaml: exports.backends", f"{size:,} bytes of weights don't fit an ONNX file", remedy)
    inputs = graph_inputs(model, SAMPLE)
    dynamic = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                _Graph(transformer.eval(), list(inputs)),
                tuple(inputs.values()),
                str(path),
                input_names=list(inputs),
                output_names=[OUTPUT],
                dynamic_shapes=(tuple([dynamic] * len(inputs)),),
                opset_version=OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        kind = transformer.config.model_type
        raise LexfitError(
            "params.yaml: exports.backends", f"torch can't export a {kind} model to ONNX", remedy
        ) from error


def quantize_onnx(source: Path, path: Path, model: SentenceTransformer) -> None:
    """Write a model with int8 weights, a scale for each output; activations get theirs as they come (dynamic).

    Attention and activations are fused first where ONNX Runtime knows the architecture. Leaving the projections of the
    feed-forward layers in float32 was tried: it cost more nDCG@10 than it kept (reports/LOG.md).

    Args:
        source: The .onnx in float32.
        path: The new .onnx.
        model: Whose transformer it is, for its heads and width.
    """
    require("onnx")
    import onnx  # noqa: PLC0415
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415
    from onnxruntime.transformers import optimizer  # noqa: PLC0415

    config = model[0].model.config
    with tempfile.TemporaryDirectory() as scratch:
        fused = source
        if config.model_type in FUSED:
            fused = Path(scratch) / FP32
            heads, width = config.num_attention_heads, config.hidden_size
            optimized = optimizer.optimize_model(
                str(source), model_type="bert", num_heads=heads, hidden_size=width, opt_level=0
            )
            optimized.save_model_to_file(str(fused))
        quantize_dynamic(
            str(fused),
            str(path),
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
