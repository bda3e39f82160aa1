"""The exported forms of a model, in a folder that sentence-transformers' backends load."""

from __future__ import annotations

import logging
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lexfit.errors import LexfitError
from lexfit.exports import onnx_files, openvino_files
from lexfit.exports.packages import require
from lexfit.exports.sessions import Backend, load_export

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sentence_transformers import SentenceTransformer

TOLERANCE = 1e-4  # of cosine, between the vectors of torch and of a float32 export
CHECKED = 8


@dataclass(frozen=True)
class Form:
    """A backend, a precision and the file that goes into `model_kwargs={"file_name": …}`."""

    backend: Backend
    precision: str
    file: str

    @property
    def name(self) -> str:
        """Such as `onnx-int8`."""
        return f"{self.backend}-{self.precision}"

    def size(self, folder: Path) -> int:
        """Bytes of its files; an .xml has its weights in the .bin beside it."""
        path = folder / self.file
        return sum(part.stat().st_size for part in {path, path.with_suffix(".bin")} if part.exists())


FORMS: dict[Backend, tuple[Form, Form]] = {
    "onnx": (
        Form("onnx", "float32", f"onnx/{onnx_files.FP32}"),
        Form("onnx", "int8", f"onnx/{onnx_files.INT8}"),
    ),
    "openvino": (
        Form("openvino", "float32", f"openvino/{openvino_files.FP32}"),
        Form("openvino", "int8", f"openvino/{openvino_files.INT8}"),
    ),
}


def forms_of(backends: Sequence[Backend]) -> list[Form]:
    """The forms of the given backends."""
    return [form for backend in backends for form in FORMS[backend]]


@contextmanager
def quiet() -> Iterator[None]:
    """The exporters tell of each node at INFO and WARNING, on the root logger: nothing of it is for the user."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def write_forms(
    model: SentenceTransformer, source: Path, folder: Path, backends: Sequence[Backend], calibration: Sequence[str]
) -> None:
    """Write all but the weights of a sentence-transformers folder, and the backends' files into onnx/ and openvino/.

    Args:
        model: The one in `source`, loaded.
        source: Its folder.
        folder: A new one.
        backends: Which forms.
        calibration: Training documents from which int8 takes the ranges of activations.

    Raises:
        LexfitError: Packages are missing or the transformer can't be exported.
    """
    for backend in backends:
        require(backend)
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.safetensors", "*.safetensors.index.json"))
    inputs = [onnx_files.graph_inputs(model, [text]) for text in calibration]
    with quiet(), tempfile.TemporaryDirectory() as scratch:
        graph = Path(scratch) / onnx_files.FP32
        onnx_files.export_onnx(model, graph)
        if "onnx" in backends:
            whole, small = (folder / form.file for form in FORMS["onnx"])
            whole.parent.mkdir()
            shutil.copyfile(graph, whole)
            onnx_files.quantize_onnx(whole, small, model)
        if "openvino" in backends:
            whole, small = (folder / form.file for form in FORMS["openvino"])
            openvino_files.export_openvino(graph, whole)
            openvino_files.quantize_openvino(whole, small, inputs)


def check_same(
    model: SentenceTransformer,
    source: Path,
    folder: Path,
    forms: Sequence[Form],
    *,
    texts: Sequence[str],
    threads: int,
) -> None:
    """Raise `LexfitError` where a float32 export gives another vector than torch for one of a few texts."""
    shown = list(texts[:CHECKED])
    expected = model.encode_document(shown, normalize_embeddings=True)
    for form in forms:
        if form.precision == "float32":
            exported = load_export(source, folder / form.file, form.backend, threads)
            found = exported.encode_document(shown, normalize_embeddings=True)
            cosine = float(np.min(np.sum(expected * found, axis=1)))
            if not cosine > 1 - TOLERANCE:
                raise LexfitError(
                    f"params.yaml: exports.backends ({form.name})",
                    f"the exported model gives other vectors than the model itself (cosine {cosine:.5f})",
                    "Leave it out with `-S exports=embeddings`",
                )
