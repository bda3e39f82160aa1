"""Which files may be published: safetensors, exported graphs and text, nothing that runs code when it is loaded."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError
from lexfit.model_checks import asks_for_code, shapes_of, unsafe

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = ".safetensors"
TEXT = {".json", ".txt", ".md", ".jinja"}
ALLOWED = {WEIGHTS, ".model", *TEXT}  # .model: a SentencePiece vocabulary
GRAPHS = {"onnx": {".onnx"}, "openvino": {".xml", ".bin"}}  # by the folder that a backend looks in
PICKLED = re.compile(rb"PK\x03\x04|\x80[\x02-\x05]")  # how torch's files and pickles begin


def is_graph(path: PurePosixPath, files: dict[str, Path]) -> bool:
    """Whether a file is part of an exported graph: by its folder and, a .bin, by the .xml that it is the weights of."""
    if len(path.parts) != 2 or path.suffix not in GRAPHS.get(path.parts[0], ()):
        return False
    return path.suffix != ".bin" or path.with_suffix(".xml").as_posix() in files


def check_graphs(files: dict[str, Path]) -> None:
    """Raise `LexfitError` for an exported graph that is something else, whatever its name says."""
    remedy = "Make it anew: `dvc repro --force --single-item exports`"
    for name, source in files.items():
        path = PurePosixPath(name)
        if not is_graph(path, files):
            continue
        with source.open("rb") as stream:
            start = stream.read(256)
        if path.suffix == ".xml":
            if b"<net" not in start:
                raise LexfitError(str(source), "isn't a graph of OpenVINO", remedy)
        elif not start or PICKLED.match(start):
            raise LexfitError(str(source), "is empty" if not start else "holds pickled objects", remedy)


def check_kinds(files: dict[str, Path]) -> None:
    """Raise `LexfitError` with every file that is no weights, no graph and no text file that models have."""
    found = []
    for name, source in files.items():
        path = PurePosixPath(name)
        hidden = any(part.startswith(".") for part in path.parts)
        if hidden or (path.suffix.lower() not in ALLOWED and not is_graph(path, files)):
            found.append(f"{source} {unsafe(path) or 'is no file that belongs to a model'}")
    if found:
        raise LexfitError(
            "model folder",
            "; ".join(found),
            "Weights are published as safetensors only, and nothing else but their text files: make the model anew "
            "with `dvc repro --force --single-item model`",
        )
    if not any(name.endswith(WEIGHTS) for name in files):
        raise LexfitError("model folder", "holds no safetensors file", "Make the model anew: `dvc repro`")


def metadata_of(source: Path) -> dict[str, str]:
    """The text that a safetensors file carries beside its tensors.

    Raises:
        LexfitError: It isn't a safetensors file, whatever its name says, or it has no tensor.
    """
    return shapes_of(source, "Make the model anew: `dvc repro --force --single-item model`")[1]


def check_no_code(files: dict[str, Path]) -> None:
    """Raise `LexfitError` where loading the model would need code from the repository.

    That is an `auto_map` in a configuration (transformers' `trust_remote_code`) or a module that is not one of
    sentence-transformers' own.
    """
    asked = asks_for_code(files.values())
    if asked is not None:
        remedy = (
            "Publish a model of a kind that transformers and sentence-transformers load without `trust_remote_code`"
        )
        raise LexfitError(str(asked[0]), asked[1], remedy)


def check_files(files: dict[str, Path]) -> None:
    """All of this module's checks.

    Args:
        files: Source by path in the repository.
    """
    check_kinds(files)
    check_graphs(files)
    check_no_code(files)
    for name, source in files.items():
        if name.endswith(WEIGHTS):
            metadata_of(source)
