"""Reading and writing text, JSON and TSV: strict on the way in, atomic on the way out."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import zlib
from collections import Counter
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from lexfit.errors import LexfitError, explained_disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

UNZIPPED_BYTES = 2**28  # what a gzip file may unpack to; the Central Acts take a sixth of it
DEEPEST = 100  # levels of JSON; what goes on with it calls itself for each
HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, unless a key is given twice: programs differ in which of the two values holds."""
    found = dict(pairs)
    if len(found) < len(pairs):
        [(twice, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"key {twice!r:.80} is given twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        inner = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [item for items in inner for item in items]
        if not level:
            return False
    return True


def decode_json(text: str) -> Any:
    """A JSON value, such that all that is done with it later can be done.

    Raises:
        ValueError: It isn't JSON, gives a key twice, is nested too deeply, or has a number or a text that can't be
            held: thousands of digits, half of a surrogate pair.
    """
    try:
        value = _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if text.count("[") + text.count("{") > DEEPEST and _is_deep(value):
        raise ValueError("it is nested too deeply")
    if HALF_PAIR.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("half of a surrogate pair stands alone") from error
    return value


def told(error: ValueError) -> str:
    """What was wrong with a JSON text, in few words."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return str(error).partition(":")[0]


def decode_utf8(data: bytes, where: str) -> str:
    """Decode UTF-8 (a byte-order mark is dropped); the error names the line of the first bad byte."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _not_utf8(data[error.start], f"{where}:{line}") from error


@contextmanager
def explained_reading(path: Path) -> Iterator[None]:
    """Errors of opening and reading a file name it, and what to do."""
    try:
        yield
    except FileNotFoundError as error:
        raise LexfitError(str(path), "no such file", "Run the stage that writes it: `dvc repro`") from error
    except OSError as error:
        raise LexfitError(
            str(path), f"can't be read ({os.strerror(error.errno or 0)})", "It must be a file that you may read"
        ) from error


def read_bytes(path: Path) -> bytes:
    """A file's bytes, with an error that names the file if it is absent or can't be read."""
    with explained_reading(path):
        return path.read_bytes()


def lines_of(path: Path) -> Iterator[str]:
    """Lines of a UTF-8 file without their ends, one at a time, with errors as those of `read_text`."""
    with explained_reading(path), path.open("rb") as stream:
        yield from decoded_lines(stream, str(path))


def decoded_lines(lines: Iterable[bytes], where: str) -> Iterator[str]:
    """Lines in UTF-8 (a byte-order mark is dropped) as text without their ends; an error names the line."""
    for number, line in enumerate(lines, 1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8").removesuffix("\n")
        except UnicodeDecodeError as error:
            raise _not_utf8(line[error.start], f"{where}:{number}") from error


def _not_utf8(byte: int, place: str) -> LexfitError:
    remedy = "Convert the file, for example with `iconv -f WINDOWS-1252 -t UTF-8`"
    return LexfitError(place, f"byte 0x{byte:02x} is not UTF-8", remedy)


def read_text(path: Path) -> str:
    """Text of a UTF-8 file, with an error that names the file if it is absent or not UTF-8."""
    return decode_utf8(read_bytes(path), str(path))


def gunzip(data: bytes, where: str) -> bytes:
    """What gzipped data unpack to, up to `UNZIPPED_BYTES`: a small file can't fill the memory."""
    parts, size = [], 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            while block := stream.read(2**20):
                parts.append(block)
                size += len(block)
                if size > UNZIPPED_BYTES:
                    problem = f"unpacks to more than {UNZIPPED_BYTES} bytes"
                    raise LexfitError(where, problem, "Don't use this file; fetch it from its publisher")
    except (OSError, EOFError, zlib.error) as error:
        raise LexfitError(where, f"is not a whole gzip file ({error})", "Fetch it anew") from error
    return b"".join(parts)


def parse_json(text: str, where: str) -> Any:
    """A JSON text's value; `where` it stands is for errors."""
    try:
        return decode_json(text)
    except ValueError as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise LexfitError(
            f"{where}{line}", f"not valid JSON ({told(error)})", "Mend it, or delete it and `dvc repro`"
        ) from error


def read_json(path: Path) -> Any:
    """A JSON file's value."""
    return parse_json(read_text(path), str(path))


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


def write_tsv(path: Path, header: list[str], rows: Iterable[Iterable[object]]) -> int:
    """Write a tab-separated table with a header line and return its number of rows."""
    count = 0
    with atomic_writer(path) as stream:
        stream.write("\t".join(header) + "\n")
        for row in rows:
            stream.write("\t".join(str(value) for value in row) + "\n")
            count += 1
    return count
