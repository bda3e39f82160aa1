"""Saving of a trained model as a plain sentence-transformers folder with the same bytes each time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lexfit.io import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

CONFIG = "config_sentence_transformers.json"


def save_model(model: SentenceTransformer, folder: Path) -> None:
    """Save weights as safetensors, with prompts, pooling and similarity, and no generated card.

    sentence-transformers records library versions in the config; torch's build tag (`+cpu`, `+cu130`) is
    taken off there, since the same weights come out of either build on a CPU.
    """
    model.save_pretrained(str(folder), create_model_card=False, safe_serialization=True)
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    versions = config.get("__version__", {})
    config["__version__"] = {name: version.split("+")[0] for name, version in versions.items()}
    write_text(folder / CONFIG, json.dumps(config, indent=2, ensure_ascii=False) + "\n")


def name_adapter_base(folder: Path, hub_id: str, revision: str) -> None:
    """Say in a saved adapter which model it belongs to, by its Hub id rather than a path on this machine.

    PEFT's generated README goes: it repeats that path, and the run has a card of its own. Module names are sorted,
    since PEFT writes them in an order that changes from run to run.
    """
    file = folder / "adapter_config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    config |= {"base_model_name_or_path": hub_id, "revision": revision}
    config["target_modules"] = sorted(config["target_modules"])
    write_text(file, json.dumps(config, indent=2, sort_keys=True) + "\n")
    (folder / "README.md").unlink(missing_ok=True)
