"""Where a base model's files are, without loading it."""

from __future__ import annotations

from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from lexfit.config import ModelParams


def model_folder(model: ModelParams) -> Path | None:
    """The local folder of a base model that comes as a path or package; None if it is on the Hub."""
    if model.path is not None:
        folder = Path(model.path).expanduser()
        if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
            raise LexfitError(
                "params.yaml: model.path", f"{model.path} holds no model", "Name a folder with config.json"
            )
        return folder
    if model.package is None:
        return None
    spec = util.find_spec(model.package)
    if spec is None or spec.origin is None:
        raise LexfitError(
            "params.yaml: model.package", f"the package {model.package} is not installed", "Run `make setup`"
        )
    return Path(spec.origin).parent / "model"
