"""Numbers with their origin: what a report prints is looked up in a file, and nothing else gets through."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.io import parse_json, read_text
from lexfit.rows import placed_rows
from lexfit.yaml_files import parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

RUNTIME = "runtime"
NUMBER = re.compile(r"(?<![A-Za-z\d])\d")  # the 25 of BM25 is part of a name


class Traced(str):
    """A printed number (or name): the files that it comes from, and the key or the rule that gives it."""

    files: tuple[str, ...]
    key: str

    def __new__(cls, text: str, files: tuple[str, ...], key: str) -> Traced:
        """Only a `Ledger` makes these; it has read the files."""
        made = super().__new__(cls, text)
        made.files, made.key = files, key
        return made


class Quoted(str):
    """Words that stand in a file (a query, a title, a line of the log), digits and all."""

    files: tuple[str, ...]

    def __new__(cls, text: str, files: tuple[str, ...]) -> Quoted:
        """Only a `Ledger` makes these; it has read the files."""
        made = super().__new__(cls, text)
        made.files = files
        return made


class Printed(str):
    """Text that has been through `Ledger.print` already: what a macro returns."""


@dataclass(frozen=True)
class Entry:
    """A printed number: the section it stands in, its text, its files, and the key or the rule that gives it."""

    section: str
    text: str
    files: tuple[str, ...]
    key: str


@dataclass
class Ledger:
    """Files that a report reads with their SHA-256, the sections that use each, and every number printed, in order."""

    files: dict[str, str] = field(default_factory=dict)
    uses: dict[str, list[str]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    section: str = ""

    def text(self, path: Path) -> str:
        """A file's text.

        Raises:
            LexfitError: It doesn't exist or isn't UTF-8.
        """
        found = read_text(path)
        self._take(path)
        return found

    def json(self, path: Path) -> Source:
        """A JSON file to print numbers from."""
        return Source(self, path.as_posix(), parse_json(self.text(path), str(path)))

    def params(self, path: Path) -> Source:
        """params.yaml to print from; its hash is of the lines above `runtime:`, which changes no result.

        Raises:
            LexfitError: `runtime` isn't its last section.
        """
        text = self.text(path)
        data = parse_yaml(text, str(path), "Write it with `lexfit compose`")
        if not isinstance(data, dict) or list(data)[-1:] != [RUNTIME]:
            raise LexfitError(str(path), f"its last section isn't `{RUNTIME}`", "Write it with `lexfit compose`")
        above = text.rpartition(f"\n{RUNTIME}:")[0] + "\n"
        self.files[path.as_posix()] = hashlib.sha256(above.encode()).hexdigest()
        return Source(self, path.as_posix(), data)

    def rows(self, path: Path, delimiter: str = "\t") -> list[dict[str, str]]:
        """A table's rows by column name; what is printed of them goes through `derived`."""
        return [row for _, row in placed_rows(self.text(path), str(path), [], delimiter)]

    def hash_of(self, path: Path) -> Traced:
        """The SHA-256 of a file, which may be binary, to print."""
        if path.as_posix() not in self.files:
            self._take(path)
        return self.derived(self.files[path.as_posix()], "its SHA-256", path)

    def derived(self, text: str, rule: str, *paths: Path | str) -> Traced:
        """What is computed from files that were read; `rule` says how, so that it can be done again."""
        return Traced(text, self._known(paths), rule)

    def quoted(self, text: str, *paths: Path | str) -> Quoted:
        """Words of files that were read, as they stand there."""
        return Quoted(text, self._known(paths))

    def print(self, value: Any) -> str:
        """Let a value into the report, and enter where it comes from; the `finalize` of the templates.

        Raises:
            TypeError: It is no text, or holds a number and says no origin.
        """
        if isinstance(value, Traced):
            self.entries.append(Entry(self.section, str(value), value.files, value.key))
        if isinstance(value, Traced | Quoted):
            for file in value.files:
                self._use(file)
        elif not isinstance(value, Printed) and (not isinstance(value, str) or NUMBER.search(value)):
            raise TypeError(f"The report prints {value!r} without saying where it comes from.")
        return str(value)

    def show(self, path: Path) -> None:
        """Enter that the section shows a figure."""
        self._take(path)
        self._use(path.as_posix())

    def _take(self, path: Path) -> None:
        self.files[path.as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()

    def _use(self, file: str) -> None:
        sections = self.uses.setdefault(file, [])
        if self.section not in sections:
            sections.append(self.section)

    def _known(self, paths: tuple[Path | str, ...]) -> tuple[str, ...]:
        names = tuple(str(path) for path in paths)
        unread = [name for name in names if name not in self.files]
        if unread or not names:
            raise ValueError(f"{', '.join(unread) or 'No file'} was not read by this report.")
        return names


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

    def __call__(self, key: str, form: str = "") -> Traced:
        """The value under a dotted key as text, in a format such as `.4f`.

        Raises:
            KeyError: There is no such key: nothing is left blank.
        """
        value: Source = self
        for part in key.split("."):
            value = value[part]
        text = format(value.data, form) if form else str(value.data)
        return self.ledger.derived(text, ".".join(value.prefix), self.file)

    def keys(self) -> list[str]:
        """Keys of an object, or indices of a list, in the file's order."""
        return list(self.data) if isinstance(self.data, dict) else [str(n) for n in range(len(self.data))]

    def named(self) -> list[tuple[Quoted, Source]]:
        """Each key, to print as it stands, with its part."""
        return [(self.ledger.quoted(key, self.file), self[key]) for key in self.keys()]

    def count(self) -> Traced:
        """How many there are."""
        return self.ledger.derived(str(len(self.data)), f"number of {'.'.join(self.prefix) or 'records'}", self.file)

    def listed(self, otherwise: str) -> Traced:
        """The texts of a list with commas between; of an empty one, `otherwise`."""
        text = ", ".join(map(str, self.data)) or otherwise
        return self.ledger.derived(text, ".".join(self.prefix), self.file)

    def short(self, key: str) -> Traced:
        """The first twelve characters of a text under a key: of a hash."""
        return self.ledger.derived(self[key].data[:12], f"{key}, its first 12 characters", self.file)

    def _value(self, key: str) -> Any:
        return self.data[int(key)] if isinstance(self.data, list) else self.data[key]
