"""Rows of a table from a csv, tsv, jsonl or parquet file, or of a Hub data set, each with its place for errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lexfit.errors import LexfitError
from lexfit.io import read_text
from lexfit.jsonl import parse_jsonl
from lexfit.rows import placed_cells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMATS = (".csv", ".tsv", ".jsonl", ".parquet")
BATCH = 1024  # rows of parquet


class Table(NamedTuple):
    """Names of the columns, and the rows with their places (`file:line` or `data set, row N`)."""

    columns: list[str]
    rows: Iterator[tuple[str, dict[str, Any]]]


def _delimited(path: Path, delimiter: str) -> Table:
    """A csv or tsv file with a header line; quoted cells may hold line breaks."""
    lines = placed_cells(read_text(path), str(path), delimiter)
    header = next(lines, ("", []))[1]
    return Table(header, ((place, dict(zip(header, cells, strict=True))) for place, cells in lines))


def _jsonl(path: Path) -> Table:
    """A JSONL file; its columns are the first line's keys, and every line must have them."""
    text = read_text(path)
    first = next(parse_jsonl(text, str(path)), None)
    columns = list(first[1]) if first else []
    return Table(columns, ((f"{path}:{number}", record) for number, record in parse_jsonl(text, str(path))))


def _parquet(path: Path) -> Table:
    """A parquet file, read batch by batch; `datasets` would copy it into its cache first."""
    import pyarrow as pa  # noqa: PLC0415  (slow import)
    import pyarrow.parquet as pq  # noqa: PLC0415

    def unreadable(error: BaseException) -> LexfitError:
        told = " ".join(str(error).split())[:200]
        return LexfitError(str(path), f"is not a readable parquet file ({told})", "Write it anew")

    damaged = (OSError, ValueError, MemoryError, pa.ArrowException)
    try:
        file = pq.ParquetFile(path)
        columns = list(file.schema_arrow.names)
    except damaged as error:
        raise unreadable(error) from error

    def rows() -> Iterator[tuple[str, dict[str, Any]]]:
        number = 0
        try:
            for batch in file.iter_batches(BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}, row {number}", row
        except damaged as error:
            raise unreadable(error) from error

    return Table(columns, rows())


def _data_set(rows: Any, name: str) -> Table:
    """An object of `datasets`."""
    return Table(list(rows.column_names), ((f"{name}, row {number}", row) for number, row in enumerate(rows, 1)))


def read_table(path: Path, key: str) -> Table:
    """The rows of a local file, by its ending.

    Text formats are read as they are: a cell such as `NA` or `007` stays text, and errors have the line.
    """
    if not path.is_file():
        raise LexfitError(f"params.yaml: {key}.path", f"{path} is no file", f"Set `-S {key}.path=FILE`")
    if path.suffix in {".csv", ".tsv"}:
        return _delimited(path, "," if path.suffix == ".csv" else "\t")
    if path.suffix == ".jsonl":
        return _jsonl(path)
    if path.suffix != ".parquet":
        remedy = f"Convert the file to one of {', '.join(FORMATS)}"
        raise LexfitError(f"params.yaml: {key}.path", f"{path.name} has an ending that isn't known", remedy)
    return _parquet(path)


def read_hub_table(hub_id: str, config: str | None, split: str, revision: str, key: str) -> Table:
    """The rows of one split of a Hub data set at a revision; `split` may be a slice (`train[:1000]`)."""
    from datasets import load_dataset  # noqa: PLC0415  (slow import)

    try:
        rows = load_dataset(hub_id, config, split=split, revision=revision)
    except (OSError, ValueError, RuntimeError) as error:
        raise LexfitError(
            f"params.yaml: {key}.hub_id",
            f"{hub_id} (config {config}, split {split}, revision {revision}) can't be had: "
            f"{type(error).__name__}: {error}",
            f"Connect to the Hub, correct these keys, or use a local file: `-S {key}.path=FILE`",
        ) from error
    return _data_set(rows, f"{hub_id} ({split})")
