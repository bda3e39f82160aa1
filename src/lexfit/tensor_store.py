"""Tensors on disk, below a size cap, keyed by all that they depend on."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import diskcache
from safetensors import SafetensorError
from safetensors.torch import load, save

from lexfit.cache import digest
from lexfit.errors import explained_disk_errors

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

CHECKSUM = 32  # bytes of SHA-256 in front of each entry
# SQLite's errors (https://sqlite.org/rescode.html) that tell of the machine, not of a damaged file.
OF_THE_MACHINE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
DAMAGE = (ValueError, TypeError, KeyError, SafetensorError)


class _Bytes(diskcache.Disk):
    """Bytes in, bytes out: nothing on disk is ever unpickled."""

    def get(self, key: Any, raw: bool) -> Any:
        if not raw:
            raise ValueError("a cache key that isn't plain bytes")
        return super().get(key, raw)

    def fetch(self, mode: int, filename: Any, value: Any, read: bool) -> Any:
        if mode == diskcache.core.MODE_PICKLE:
            raise ValueError("a cache entry that isn't plain bytes")
        return super().fetch(mode, filename, value, read)


class TensorStore:
    """Tensors by a text's key, as safetensors behind a checksum; least recently used ones go first.

    Where the database itself is damaged, the store starts again with nothing in it.

    Args:
        folder: Where they are, see `lexfit.cache.cache_folder`.
        scope: All that a tensor depends on beside the key that it is kept under.
        megabytes: Size cap of the whole store, all scopes together.

    Raises:
        LexfitError: Always where the disk is full.
    """

    def __init__(self, folder: Path, scope: dict[str, Any], megabytes: int) -> None:
        self._folder, self._limit = folder, megabytes * 2**20
        self._scope = bytes.fromhex(digest(scope))
        self._cache: Any = None
        with explained_disk_errors(folder):
            try:
                self._open()
            except (sqlite3.DatabaseError, *DAMAGE) as error:
                self._start_anew(error)

    def get(self, key: bytes) -> Tensor | None:
        """What is kept under a key, or None. A damaged entry is dropped, and so computed anew."""
        scoped = self._key(key)
        with explained_disk_errors(self._folder), suppress(diskcache.Timeout):
            try:
                with suppress(OSError, *DAMAGE):
                    entry = self._cache.get(scoped)
                    if entry is None:
                        return None
                    if hashlib.sha256(entry[CHECKSUM:]).digest() == entry[:CHECKSUM]:
                        kept: Tensor = load(entry[CHECKSUM:])["tensor"]
                        return kept
                self._cache.delete(scoped)
            except sqlite3.DatabaseError as error:
                self._start_anew(error)
        return None

    def put(self, key: bytes, tensor: Tensor) -> None:
        """Keep a tensor of the CPU, contiguous; where another process holds the store for a minute, it isn't kept."""
        data = save({"tensor": tensor})
        with explained_disk_errors(self._folder), suppress(diskcache.Timeout):
            try:
                self._cache.set(self._key(key), hashlib.sha256(data).digest() + data)
            except sqlite3.DatabaseError as error:
                self._start_anew(error)

    def _open(self) -> None:
        self._cache = diskcache.Cache(
            str(self._folder),
            disk=_Bytes,
            size_limit=self._limit,
            eviction_policy="least-recently-used",
        )

    def _start_anew(self, error: Exception) -> None:
        """Drop a damaged database with all that it holds; what isn't damage is raised again."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        if code & 0xFF in OF_THE_MACHINE:
            raise error
        if self._cache is not None:
            self._cache.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._open()

    def _key(self, key: bytes) -> bytes:
        return self._scope + hashlib.sha256(key).digest()
