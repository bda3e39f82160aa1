"""Data sources, one module each; `load` is the only entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.config_data import TrainSourceParams

if TYPE_CHECKING:
    from lexfit.config import SourceParams
    from lexfit.corpus.records import Collection

# Sources that make queries or judgements themselves, and so are only trained on.
MADE = ("central_acts", "citations", "columns", "crops", "synthetic")


def _load_made(source: TrainSourceParams, key: str, seed: int) -> Collection:
    if source.source == "central_acts":
        from lexfit.corpus.sources import central_acts  # noqa: PLC0415

        return central_acts.load(source, key, seed)
    if source.source == "citations":
        from lexfit.corpus.sources import citations  # noqa: PLC0415

        return citations.load(source, key, seed)
    if source.source == "columns":
        from lexfit.corpus.sources import columns  # noqa: PLC0415

        return columns.load(source, key)
    if source.source == "synthetic":
        from lexfit.corpus.sources import synthetic  # noqa: PLC0415

        return synthetic.load(source, key)
    from lexfit.corpus.sources import crops  # noqa: PLC0415

    return crops.load(source, key, seed)


def load(source: SourceParams, key: str = "data", seed: int = 0) -> Collection:
    """Load and validate the collection that `source` describes.

    Args:
        source: The params of the source.
        key: Where those params are, for errors (`data` or `data.train.NAME`).
        seed: For sources that draw some of what they could give.
    """
    if isinstance(source, TrainSourceParams) and source.source in MADE:
        return _load_made(source, key, seed)
    # Imported on use: `aila` and a Hub `beir` need `datasets`, which takes a second to import.
    if source.source == "constitution":
        from lexfit.corpus.sources import constitution as module  # noqa: PLC0415
    elif source.source == "aila_fire":
        from lexfit.corpus.sources import aila_fire as module  # type: ignore[no-redef]  # noqa: PLC0415
    elif source.source == "aila":
        from lexfit.corpus.sources import aila as module  # type: ignore[no-redef]  # noqa: PLC0415
    else:
        from lexfit.corpus.sources import beir as module  # type: ignore[no-redef]  # noqa: PLC0415
    return module.load(source, key)
