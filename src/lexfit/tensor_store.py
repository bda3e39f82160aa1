"""Tensors on disk, below a size cap, keyed by all that they depend on."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import diskcache
from safetensors import SafetensorError
from safetensors.torch import load, save

from lexfit.cache import digest
from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor

CHECKSUM = 32  # bytes of SHA-256 in front of each entry


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

    Args:
        folder: Where they are, see `lexfit.cache.cache_folder`.
        scope: All that a tensor depends on beside the key that it is kept under.
        megabytes: Size cap of the whole store, all scopes together.
    """

    def __init__(self, folder: Path, scope: dict[str, Any], megabytes: int) -> None:
        self._scope = bytes.fromhex(digest(scope))
        self._folder = folder
        with self._explained():
            self._cache = diskcache.Cache(
                str(folder),
                disk=_Bytes,
                size_limit=megabytes * 2**20,
                eviction_policy="least-recently-used",
            )

    def get(self, key: bytes) -> Tensor | None:
        """What is kept under a key, or None. A damaged entry is dropped, and so computed anew."""
        scoped = self._key(key)
        with self._explained():
            with suppress(OSError, ValueError, TypeError, KeyError, SafetensorError):
                entry = self._cache.get(scoped)
                if entry is None:
                    return None
                if hashlib.sha256(entry[CHECKSUM:]).digest() == entry[:CHECKSUM]:
                    kept: Tensor = load(entry[CHECKSUM:])["tensor"]
                    return kept
            self._cache.delete(scoped)
        return None

    def put(self, key: bytes, tensor: Tensor) -> None:
        """Keep a tensor of the CPU, contiguous."""
        data = save({"tensor": tensor})
        with self._explained():
            self._cache.set(self._key(key), hashlib.sha256(data).digest() + data)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise LexfitError(
                str(self._folder),
                f"its index is damaged or in use ({error})",
                "Delete this folder; what it held is computed anew",
            ) from error

    def _key(self, key: bytes) -> bytes:
        return self._scope + hashlib.sha256(key).digest()
