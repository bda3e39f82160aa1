"""Reading and writing JSONL, JSON and TSV: strict on the way in, atomic on the way out."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from lexfit.errors import LexfitError, explained_disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def decode_utf8(data: bytes, where: str) -> str:
    """Decode UTF-8 (a byte-order mark is dropped); the error names the line of the first bad byte."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LexfitError(
            f"{where}:{line}",
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            "Convert the file, for example with `iconv -f WINDOWS-1252 -t UTF-8`",
        ) from error


def read_text(path: Path) -> str:
    """Text of a UTF-8 file, with an error that names the file if it is absent or not UTF-8."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise LexfitError(str(path), "no such file", "Run the stage that writes it: `dvc repro`") from error
    return decode_utf8(data, str(path))


def parse_jsonl(text: str, where: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield `(line number, object)`; blank lines are skipped, anything but an object is an error."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise LexfitError(
                f"{where}:{number}", f"not valid JSON ({error.msg} at column {error.colno})", "Mend this line"
            ) from error
        if not isinstance(record, dict):
            raise LexfitError(f"{where}:{number}", "not a JSON object", "Write one {…} a line")
        yield number, record


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """All objects of a JSONL file."""
    return [record for _, record in parse_jsonl(read_text(path), str(path))]


def read_json(path: Path) -> Any:
    """A JSON file's value."""
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise LexfitError(
            f"{path}:{error.lineno}", f"not valid JSON ({error.msg})", "Mend it, or delete it and `dvc repro`"
        ) from error


@contextmanager
def atomic_writer(path: Path) -> Iterator[IO[str]]:
    """A text file that appears under its name only when it is complete and on disk."""
    with explained_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with atomic_writer(path) as stream:
        stream.write(text)


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys, so that the same value gives the same bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def write_jsonl(path: Path, records: Iterable[dict[str, Any]]) -> int:
    """Write one object a line and return how many."""
    count = 0
    with atomic_writer(path) as stream:
        for record in records:
            stream.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


def write_tsv(path: Path, header: list[str], rows: Iterable[Iterable[object]]) -> int:
    """Write a tab-separated table with a header line and return its number of rows."""
    count = 0
    with atomic_writer(path) as stream:
        stream.write("\t".join(header) + "\n")
        for row in rows:
            stream.write("\t".join(str(value) for value in row) + "\n")
            count += 1
    return count
