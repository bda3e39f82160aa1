"""The transformers configuration of a base model, without its weights and without a network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError, explained_contents
from lexfit.io import read_json
from lexfit.model_files import model_folder

if TYPE_CHECKING:
    from lexfit.config import ModelParams

FACTS = Path(__file__).with_name("architectures.json")  # from config.json of each model, at the revision in conf/model


def config_of(model: ModelParams) -> Any:
    """The configuration in `model.path` if that is set, else the facts that lexfit holds of the model.

    Raises:
        LexfitError: Neither is known.
    """
    from transformers import AutoConfig  # noqa: PLC0415

    folder = None if model.path is None else model_folder(replace(model, gguf_file=None))
    if folder is not None and (folder / "config.json").exists():
        config = folder / "config.json"
        with explained_contents(str(config), "Fetch the model anew"):
            dict(read_json(config))
            return AutoConfig.from_pretrained(folder)
    facts: dict[str, dict[str, Any]] = json.loads(FACTS.read_text(encoding="utf-8"))
    if model.name not in facts:
        raise LexfitError(
            "params.yaml: model",
            f"nothing is known of the shape of {model.name}",
            f"Set model.path to a folder with its config.json, or choose among {', '.join(sorted(facts))}",
        )
    own = dict(facts[model.name])
    return AutoConfig.for_model(own.pop("model_type"), **own)
