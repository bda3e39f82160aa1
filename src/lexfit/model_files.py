"""Where a base model's files are, without loading it."""

from __future__ import annotations

import hashlib
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from lexfit.config import ModelParams


def model_folder(model: ModelParams) -> Path | None:
    """The local folder of a base model that comes as a path or package; None if it is on the Hub."""
    if model.gguf_file is not None:
        return gguf_parts(model)[0].parent
    if model.path is not None:
        folder = Path(model.path).expanduser()
        if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
            raise LexfitError(
                "params.yaml: model.path", f"{model.path} holds no model", "Name a folder with config.json"
            )
        return folder
    return None if model.package is None else _package(model) / "model"


def gguf_parts(model: ModelParams) -> list[Path]:
    """The files that, joined, are `model.gguf_file`: itself or its parts in order; none if the model has no GGUF.

    Parts are called `NAME.part…` and may lie in packages of their own, `PACKAGE_part…`, beside the package.
    """
    if model.gguf_file is None:
        return []
    if model.path is not None:
        where, folders = "path", [Path(model.path).expanduser()]
    elif model.package is not None:
        package = _package(model)
        where, folders = "package", [package, *package.parent.glob(f"{package.name}_part*")]
    else:
        raise LexfitError(
            "params.yaml: model.gguf_file",
            f"{model.gguf_file} has neither package nor path",
            "Set model.path to the folder that holds it, or model.gguf_file=null to load the Hub's safetensors",
        )
    for pattern in (model.gguf_file, f"{model.gguf_file}.part*"):
        found = sorted((f for folder in folders for f in folder.rglob(pattern)), key=lambda file: file.name)
        if found:
            return found
    raise LexfitError(
        f"params.yaml: model.{where}",
        f"{getattr(model, where)} holds no {model.gguf_file}",
        "Name the place that holds the file, or its parts",
    )


def joined_sha256(parts: list[Path]) -> str:
    """SHA-256 of what files are when joined."""
    total = hashlib.sha256()
    for part in parts:
        with part.open("rb") as stream:
            while block := stream.read(2**20):
                total.update(block)
    return total.hexdigest()


def _package(model: ModelParams) -> Path:
    spec = util.find_spec(str(model.package))
    if spec is None or spec.origin is None:
        raise LexfitError(
            "params.yaml: model.package",
            f"the package {model.package} is not installed",
            f"Run the script that conf/model/{model.name}.yaml names" if model.gguf_file else "Run `make setup`",
        )
    return Path(spec.origin).parent
