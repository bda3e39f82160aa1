"""Composition of conf/ into params.yaml, by the function that `dvc exp run` uses."""

from __future__ import annotations

import tempfile
from pathlib import Path


def compose(overrides: list[str], conf: Path = Path("conf"), name: str = "config") -> str:
    """The text of params.yaml for Hydra overrides such as `data=aila_fire`.

    Raises:
        LexfitError: An override names an unknown group, choice or key.
    """
    from dvc.utils.hydra import compose_and_dump  # noqa: PLC0415  (slow import)
    from hydra.errors import HydraException  # noqa: PLC0415
    from omegaconf.errors import OmegaConfBaseException  # noqa: PLC0415

    from lexfit.errors import LexfitError  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "params.yaml"
        try:
            compose_and_dump(target, str(conf.resolve()), None, name, str(Path(folder) / "plugins"), overrides)
        except (HydraException, OmegaConfBaseException) as error:
            raise LexfitError(str(conf), str(error).strip().replace("\n", " "), "Check the override") from error
        return target.read_text(encoding="utf-8")
