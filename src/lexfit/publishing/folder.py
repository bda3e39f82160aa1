"""What goes to the Hub: the sentence-transformers folder, adapter and exports if any, and the card as README.md."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError, explained_disk_errors
from lexfit.io import write_text
from lexfit.stages.common import EXPORTS, MODEL, REPORTS

if TYPE_CHECKING:
    from pathlib import Path

CARD = REPORTS / "model_card.md"
EXPORTED = MODEL / "sentence_transformer"
ADAPTER = MODEL / "adapter"
GRAPHS = EXPORTS / "sentence_transformer"


def readme_of(card: str, repo_id: str) -> str:
    """The card as it stands on the Hub: its usage example loads the repository instead of this project's folder."""
    if EXPORTED.as_posix() not in card:
        raise LexfitError(
            str(CARD),
            f"has no usage example that loads {EXPORTED}",
            "Write it anew: `dvc repro --force --single-item model_card`",
        )
    return card.replace(EXPORTED.as_posix(), repo_id)


def sources() -> dict[str, Path]:
    """Files of the run by their path in the repository, sorted; README.md, which the card becomes, isn't among them.

    Raises:
        LexfitError: There is no model, or it brings a README.md that would stand in the card's place.
    """
    if not EXPORTED.is_dir():
        raise LexfitError(str(EXPORTED), "no such folder", "Run the pipeline: `dvc repro`")
    found: dict[str, Path] = {}
    graphs = ((GRAPHS / backend, f"{backend}/") for backend in ("onnx", "openvino"))
    for folder, prefix in ((EXPORTED, ""), (ADAPTER, "adapter/"), *graphs):
        files = (path for path in folder.rglob("*") if not path.is_dir())
        found |= {prefix + path.relative_to(folder).as_posix(): path for path in files}
    if "README.md" in found:
        raise LexfitError(
            str(found["README.md"]), "stands where the card goes", "Delete it; the card is README.md on the Hub"
        )
    return dict(sorted(found.items()))


def write_folder(files: dict[str, Path], readme: str, folder: Path, *, link: bool) -> None:
    """Write exactly what is uploaded to an empty folder, as copies or, to save space, as symbolic links."""
    with explained_disk_errors(folder):
        for name, source in files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if link:
                target.symlink_to(source.resolve())
            else:
                shutil.copyfile(source, target)
    write_text(folder / "README.md", readme)


def written(folder: Path) -> dict[str, Path]:
    """Files of a folder that `write_folder` wrote, by their path in the repository, sorted."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return dict(sorted((path.relative_to(folder).as_posix(), path) for path in files))
