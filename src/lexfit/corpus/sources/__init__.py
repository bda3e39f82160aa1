"""Data sources, one module each; `load` is the only entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.config_data import TrainSourceParams

if TYPE_CHECKING:
    from lexfit.config import SourceParams
    from lexfit.corpus.records import Collection


def load(source: SourceParams, key: str = "data", seed: int = 0) -> Collection:
    """Load and validate the collection that `source` describes.

    Args:
        source: The params of the source.
        key: Where those params are, for errors (`data` or `data.train.NAME`).
        seed: For sources that draw some of what they could give.
    """
    # Imported on use: `aila` and a Hub `beir` need `datasets`, which takes a second to import.
    if source.source == "citations":
        from lexfit.corpus.sources import citations  # noqa: PLC0415

        assert isinstance(source, TrainSourceParams)
        return citations.load(source, key, seed)
    if source.source == "constitution":
        from lexfit.corpus.sources import constitution as module  # noqa: PLC0415
    elif source.source == "aila_fire":
        from lexfit.corpus.sources import aila_fire as module  # type: ignore[no-redef]  # noqa: PLC0415
    elif source.source == "aila":
        from lexfit.corpus.sources import aila as module  # type: ignore[no-redef]  # noqa: PLC0415
    else:
        from lexfit.corpus.sources import beir as module  # type: ignore[no-redef]  # noqa: PLC0415
    return module.load(source, key)
