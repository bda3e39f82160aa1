"""The packages that exports need beyond lexfit's own, which are an extra."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec

from lexfit.errors import LexfitError

NEEDED = {
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "openvino": ("onnx", "onnxscript", "openvino", "nncf"),
    "search": ("usearch",),
}


def missing(purpose: str) -> list[str]:
    """Packages of a backend, or of `search`, that aren't installed."""
    return [name for name in NEEDED[purpose] if find_spec(name) is None]


def require(purpose: str) -> None:
    """Raise `LexfitError` where a package of a backend, or of `search`, isn't installed."""
    absent = missing(purpose)
    if absent:
        raise LexfitError(
            "params.yaml: exports",
            f"{purpose} needs {', '.join(absent)}, not installed here",
            "Run `make setup-exports`, or leave it out with `-S exports=embeddings`",
        )


def versions(purpose: str) -> dict[str, str]:
    """Versions of a backend's packages, by name."""
    return {name: version(name) for name in NEEDED[purpose]}
