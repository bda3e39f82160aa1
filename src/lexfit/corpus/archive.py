"""A folder or a zip read alike, in memory, member by member: nothing is extracted to disk."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lexfit.errors import LexfitError
from lexfit.io import decoded_lines, explained_reading, lines_of, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_MEMBER_BYTES = 64 * 2**20
MAX_TOTAL_BYTES = 2**30
MAX_RATIO = 1000
# Of these alone as much can be unpacked as is wanted; the others give all that a block holds.
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# What the zipfile module raises: a name that isn't the UTF-8 it claims is a ValueError, encryption a RuntimeError.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


def sha256_of(path: Path) -> str:
    """Hex digest of a file, or of a folder's sorted relative names and contents."""
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            digest.update(file.relative_to(path).as_posix().encode("utf-8", "surrogateescape") + b"\0")
            digest.update(_file_digest(file).digest())
        return digest.hexdigest()
    return _file_digest(path).hexdigest()


def _file_digest(file: Path) -> hashlib._Hash:
    with explained_reading(file), file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256")


def checked_sha256(path: Path, expected: str | None, key: str) -> str:
    """The digest of `path`; an error that names `key`.sha256 if another one is expected there."""
    digest = sha256_of(path)
    if expected and digest != expected:
        raise LexfitError(
            f"params.yaml: {key}.sha256", f"{path.name} has sha256 {digest}", "Correct the data or the key"
        )
    return digest


class Archive:
    """Read-only members of a folder or zip by posix name.

    Raises:
        LexfitError: The path is absent, the zip is corrupt, or a member's name leaves the archive
            (absolute, `..`, a drive or a backslash), or a member is a link, encrypted, there twice or unreasonably
            large, or all of them together are.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        if path.is_dir():
            self.names = sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())
            return
        if not path.is_file():
            raise LexfitError(str(path), "no such file or folder", "Check the path")
        try:
            self._zip = zipfile.ZipFile(path)
        except DAMAGED as error:
            raise LexfitError(str(path), "is not a readable zip", "Download it again") from error
        members = self._zip.infolist()
        for info in members:
            self._check(info)
        self.names = sorted(info.filename for info in members if not info.is_dir())
        self._check_all(members)

    def _check(self, info: zipfile.ZipInfo) -> None:
        name = info.filename
        parts = PurePosixPath(name).parts
        mode = info.external_attr >> 16
        if name.startswith("/") or ".." in parts or "\\" in info.orig_filename or ":" in (parts[0] if parts else ""):
            problem = f"member {name!r} points outside the archive"
        elif mode & 0o170000 == 0o120000:
            problem = f"member {name!r} is a link"
        elif info.file_size > MAX_MEMBER_BYTES or info.file_size > MAX_RATIO * max(info.compress_size, 1):
            problem = f"member {name!r} claims {info.file_size} bytes from {info.compress_size} compressed"
        elif info.flag_bits & 1:
            problem = f"member {name!r} is encrypted"
        elif info.compress_type not in METHODS:
            problem = f"member {name!r} is packed by method {info.compress_type}, neither stored nor deflated"
        else:
            return
        raise LexfitError(str(self.path), problem, "Don't use this file; fetch it from its publisher")

    def _check_all(self, members: list[zipfile.ZipInfo]) -> None:
        total, packed = (sum(getattr(info, name) for info in members) for name in ("file_size", "compress_size"))
        if len(set(self.names)) < len(self.names):
            twice = next(a for a, b in zip(self.names, self.names[1:], strict=False) if a == b)
            problem = f"has two members {twice!r}"
        elif total > MAX_TOTAL_BYTES:
            problem = f"its members claim {total} bytes together, more than {MAX_TOTAL_BYTES}"
        elif packed > self.path.stat().st_size:
            problem = f"its members overlap: {packed} packed bytes in a smaller file"
        else:
            return
        raise LexfitError(str(self.path), problem, "Don't use this file; fetch it from its publisher")

    def read(self, name: str) -> bytes:
        """Bytes of one member; a damaged one is an error that names it."""
        if name not in self.names:
            raise LexfitError(f"{self.path}!{name}", "is missing", "Check that this is the data the source expects")
        if self._zip is None:
            return read_bytes(self.path / name)
        try:
            return self._unpacked(self._zip, self._zip.getinfo(name))
        except DAMAGED as error:
            raise LexfitError(f"{self.path}!{name}", f"is damaged ({error})", "Download the archive again") from error

    def lines(self, name: str) -> Iterator[str]:
        """Lines of one member, in UTF-8; of a folder's, one at a time is in memory."""
        if self._zip is None and name in self.names:
            yield from lines_of(self.path / name)
        else:
            yield from decoded_lines(io.BytesIO(self.read(name)), f"{self.path}/{name}")

    @staticmethod
    def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
        """As many bytes as the directory says: `ZipFile.read` unpacks up to 2 GiB before it compares."""
        with archive.open(info) as stream:
            data = stream.read(info.file_size + 1)
        if len(data) != info.file_size:
            raise zipfile.BadZipFile(f"{len(data)} bytes, not {info.file_size}")
        return data

    def find(self, suffix: str) -> str:
        """The one member whose name ends in `/suffix` or is it."""
        hits = [name for name in self.names if name == suffix or name.endswith("/" + suffix)]
        if len(hits) != 1:
            problem = f"has {len(hits)} members named {suffix}"
            raise LexfitError(str(self.path), problem, "Check that this is the data the source expects")
        return hits[0]
