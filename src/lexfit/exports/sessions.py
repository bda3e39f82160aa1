"""An exported graph in the place of a model's transformer: tokenizer, prompts, pooling and all else stay its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from sentence_transformers import SentenceTransformer
from torch import nn
from transformers.modeling_outputs import BaseModelOutput

from lexfit.exports.packages import require

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

Backend = Literal["onnx", "openvino"]
OUTPUT = "last_hidden_state"


class _Session(nn.Module):
    """What sentence-transformers' `Transformer` calls as it would a model of transformers.

    Args:
        config: Of the transformer.
    """

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.device = torch.device("cpu")
        self.dtype = torch.float32

    def forward(self, **features: Any) -> BaseModelOutput:
        """Token embeddings, shape (texts, tokens, dimensions), of tokenized texts."""
        return BaseModelOutput(last_hidden_state=torch.from_numpy(self._run(features)))

    def _run(self, features: dict[str, Tensor]) -> Any:
        raise NotImplementedError


class OnnxSession(_Session):
    """ONNX Runtime on a CPU.

    Args:
        path: The .onnx file.
        config: Of the transformer.
        threads: Within an operation.
    """

    def __init__(self, path: Path, config: Any, threads: int) -> None:
        super().__init__(config)
        require("onnx")
        import onnxruntime  # noqa: PLC0415

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._names = [entry.name for entry in self._session.get_inputs()]

    def _run(self, features: dict[str, Tensor]) -> Any:
        return self._session.run([OUTPUT], {name: features[name].numpy() for name in self._names})[0]


class OpenVinoSession(_Session):
    """OpenVINO on a CPU.

    Args:
        path: The .xml file; its .bin lies beside it.
        config: Of the transformer.
        threads: Used for a batch.
    """

    def __init__(self, path: Path, config: Any, threads: int) -> None:
        super().__init__(config)
        require("openvino")
        import openvino  # noqa: PLC0415

        # Left to itself OpenVINO computes in bfloat16 on processors that have it.
        settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        compiled = openvino.Core().compile_model(str(path), "CPU", settings)
        self._request = compiled.create_infer_request()
        self._names = [entry.any_name for entry in compiled.inputs]

    def _run(self, features: dict[str, Tensor]) -> Any:
        found = self._request.infer({name: features[name].numpy() for name in self._names})
        return found[0].copy()  # the request's own memory, which its next call overwrites


SESSIONS = {"onnx": OnnxSession, "openvino": OpenVinoSession}


def load_export(model: Path, graph: Path, backend: Backend, threads: int) -> SentenceTransformer:
    """A model whose transformer is an exported graph.

    It is what `SentenceTransformer(folder, backend=…, model_kwargs={"file_name": …})` gives where optimum has a
    release for the installed transformers.

    Args:
        model: The sentence-transformers folder that was exported.
        graph: The .onnx or .xml file.
        backend: Which runs it.
        threads: Of the CPU.

    Raises:
        LexfitError: The backend's packages aren't installed.
    """
    loaded = SentenceTransformer(str(model), device="cpu")
    loaded[0].model = SESSIONS[backend](graph, loaded[0].model.config, threads)
    loaded[0].backend = backend
    return loaded
