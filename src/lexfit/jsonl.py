"""Records, one JSON object a line: strict on the way in, atomic on the way out, and in shards where they are many."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.io import atomic_writer, decode_json, lines_of, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

SHARD_LINES = 100_000  # of a full shard; behind one that isn't full there is none


def parse_jsonl(text: str | Iterable[str], where: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield `(line number, object)`; blank lines are skipped, anything but an object is an error.

    Args:
        text: The file's text, or its lines.
        where: The file, for errors.
    """
    for number, line in enumerate(text.split("\n") if isinstance(text, str) else text, 1):
        if not line.strip():
            continue
        try:
            record = decode_json(line)
        except ValueError as error:
            raise LexfitError(f"{where}:{number}", f"not valid JSON ({told(error)})", "Mend this line") from error
        if not isinstance(record, dict):
            raise LexfitError(f"{where}:{number}", "not a JSON object", "Write one {…} a line")
        yield number, record


def shard(path: Path, number: int) -> Path:
    """`corpus.jsonl` has the first lines, `corpus.00001.jsonl` what comes behind it, if there is more."""
    return path.with_name(f"{path.stem}.{number:05d}{path.suffix}") if number else path


def shards_of(path: Path) -> list[Path]:
    """The shards that are there, of which the first must be."""
    found = [path]
    while (following := shard(path, len(found))).exists():
        found.append(following)
    return found


def parse_shards(
    read: Callable[[Path], str | Iterable[str]], path: Path, where: str = ""
) -> Iterator[tuple[int, dict[str, Any]]]:
    """As `parse_jsonl`, of all shards; lines are counted through them.

    Args:
        read: Gives a file's text, or its lines; raises where it isn't there, so that no shard is missed.
        path: The first.
        where: In front of a shard's path, for errors.
    """
    number = lines = 0
    while True:
        own = shard(path, number)
        records = last = 0
        for last, record in parse_jsonl(read(own), f"{where}{own}"):
            records += 1
            yield lines + last, record
        if records < SHARD_LINES:
            return
        number, lines = number + 1, lines + last


def iter_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """As `parse_jsonl`, of files of any size: one line is in memory."""
    return parse_shards(lines_of, path)


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """All objects of a file and its further shards."""
    return [record for _, record in iter_jsonl(path)]


def write_jsonl(path: Path, records: Iterable[dict[str, Any]]) -> int:
    """Write one object a line, in shards of `SHARD_LINES`, and return how many."""
    rest = iter(records)
    number = written = 0
    while written == SHARD_LINES * number:
        with atomic_writer(shard(path, number)) as stream:
            for record in islice(rest, SHARD_LINES):
                stream.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
                written += 1
        number += 1
    return written
