"""Numbers with their origin: what a report prints is looked up in a file, and the look-up is kept."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lexfit.io import read_text

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """A printed number: the section it stands in, its text, its file, and the key or the rule that gives it."""

    section: str
    text: str
    file: str
    key: str


@dataclass
class Ledger:
    """Files that a report reads, with their SHA-256, and every number printed from them, in order."""

    files: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    section: str = ""

    def text(self, path: Path) -> str:
        """A file's text.

        Raises:
            LexfitError: It doesn't exist or isn't UTF-8.
        """
        found = read_text(path)
        self.files[path.as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def json(self, path: Path) -> Source:
        """A JSON file to print numbers from."""
        return Source(self, path.as_posix(), json.loads(self.text(path)))

    def rows(self, path: Path, delimiter: str = "\t") -> list[dict[str, str]]:
        """A table's rows by column name; what is printed of them goes through `derived`."""
        return list(csv.DictReader(io.StringIO(self.text(path)), delimiter=delimiter))

    def derived(self, text: str, path: Path | str, rule: str) -> str:
        """Print what is computed from a file that was read; `rule` says how, so that it can be done again."""
        if str(path) not in self.files:
            raise ValueError(f"{path} was not read by this report.")
        self.entries.append(Entry(self.section, text, str(path), rule))
        return text


@dataclass(frozen=True)
class Source:
    """A JSON file's value, or a part of it, whose numbers are printed by their key."""

    ledger: Ledger
    file: str
    data: Any
    prefix: tuple[str, ...] = ()

    def __getitem__(self, key: str) -> Source:
        """A part, by its key (an index, in a list)."""
        return Source(self.ledger, self.file, self._value(key), (*self.prefix, key))

    def __call__(self, key: str, form: str = "") -> str:
        """The value under a dotted key as text, in a format such as `.4f`; it is entered in the ledger.

        Raises:
            KeyError: There is no such key: nothing is left blank.
        """
        value: Any = self
        for part in key.split("."):
            value = value[part]
        text = format(value.data, form) if form else str(value.data)
        self.ledger.entries.append(Entry(self.ledger.section, text, self.file, ".".join(value.prefix)))
        return text

    def keys(self) -> list[str]:
        """Keys of an object, or indices of a list, in the file's order."""
        return list(self.data) if isinstance(self.data, dict) else [str(n) for n in range(len(self.data))]

    def count(self) -> str:
        """How many there are, entered in the ledger."""
        return self.ledger.derived(str(len(self.data)), self.file, f"number of {'.'.join(self.prefix) or 'records'}")

    def _value(self, key: str) -> Any:
        return self.data[int(key)] if isinstance(self.data, list) else self.data[key]
