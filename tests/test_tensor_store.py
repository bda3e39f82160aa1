"""A store of tensors gives back what was put, or nothing: whatever happens to its files."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import diskcache
import pytest
import torch

from lexfit.errors import LexfitError
from lexfit.tensor_store import TensorStore

KEYS = [str(n).encode() for n in range(40)]
SMALL, LARGE = torch.arange(64.0), torch.arange(40_000.0)  # the large one lies in a file beside the database


def filled(folder: Path) -> TensorStore:
    store = TensorStore(folder, {"scope": 1}, 64)
    for key in KEYS:
        store.put(key, SMALL)
    store.put(b"large", LARGE)
    return store


def close(store: TensorStore) -> None:
    """As when the process ends: all is in the database file itself."""
    store._cache.close()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def overwrite_head(file: Path) -> None:
    file.write_bytes(b"not SQLite at all" + file.read_bytes()[17:])


def overwrite_pages(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096))


@pytest.mark.parametrize("damage", [cut, overwrite_head, overwrite_pages])
def test_a_damaged_database_starts_again_with_nothing_in_it(tmp_path: Path, damage: Any) -> None:
    close(filled(tmp_path))
    damage(tmp_path / "cache.db")
    store = TensorStore(tmp_path, {"scope": 1}, 64)
    for key in KEYS:
        found = store.get(key)
        assert found is None or torch.equal(found, SMALL)
    store.put(b"new", SMALL)
    again = store.get(b"new")
    assert again is not None
    assert torch.equal(again, SMALL)


@pytest.mark.parametrize("size", ["cut", "longer", "changed"])
def test_a_damaged_entry_is_dropped_alone(tmp_path: Path, size: str) -> None:
    store = filled(tmp_path)
    (file,) = tmp_path.rglob("*.val")
    whole = file.read_bytes()
    damaged = {"cut": whole[:-1], "longer": whole + b"x", "changed": whole[:-1] + bytes([whole[-1] ^ 1])}
    file.write_bytes(damaged[size])
    assert store.get(b"large") is None
    assert store.get(KEYS[0]) is not None
    store.put(b"large", LARGE)
    again = store.get(b"large")
    assert again is not None
    assert torch.equal(again, LARGE)


def full(*arguments: Any, **options: Any) -> Any:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(diskcache.Cache, "set", full)
        with pytest.raises(LexfitError, match="No space left"):
            store.put(b"more", SMALL)
    assert store.get(KEYS[0]) is not None


def test_a_store_that_another_process_holds_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(tmp_path)

    def busy(*arguments: Any, **options: Any) -> Any:
        raise diskcache.Timeout

    monkeypatch.setattr(diskcache.Cache, "get", busy)
    monkeypatch.setattr(diskcache.Cache, "set", busy)
    assert store.get(KEYS[0]) is None
    store.put(b"more", SMALL)
