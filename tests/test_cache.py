"""What is remembered is computed once, for its key alone, and anew where its file is damaged."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lexfit.cache import WHOLE, forget_old, is_whole, kept, mark_whole, remembered


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path))
    return []


def ask(calls: list[int], key: object) -> object:
    def compute() -> object:
        calls.append(1)
        return [["a", 1, 0.5], key]

    return remembered("things", key, compute)


def test_computed_once_for_each_key(calls: list[int]) -> None:
    assert ask(calls, "x") == ask(calls, "x") == [["a", 1, 0.5], "x"]
    assert len(calls) == 1
    assert ask(calls, "y") == [["a", 1, 0.5], "y"]
    assert len(calls) == 2


@pytest.mark.parametrize("damage", ["cut", "changed", "no json", "emptied", "other"])
def test_a_damaged_file_is_never_believed(calls: list[int], tmp_path: Path, damage: str) -> None:
    whole = ask(calls, "x")
    (file,) = (tmp_path / "things").iterdir()
    text = file.read_text()
    bad = {"cut": text[:-9], "changed": text.replace("0.5", "0.7"), "no json": "{", "emptied": "", "other": "[1]"}
    file.write_text(bad[damage])
    assert ask(calls, "x") == whole
    assert len(calls) == 2
    assert file.read_text() == text


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "mark gone", "mark cut"])
def test_a_folder_is_whole_until_a_byte_of_it_changes(tmp_path: Path, damage: str) -> None:
    (tmp_path / "inner").mkdir()
    file, mark = tmp_path / "inner/a.bin", tmp_path / WHOLE
    file.write_bytes(b"abcd")
    assert not is_whole(tmp_path)
    mark_whole(tmp_path)
    (tmp_path / "more").write_text("what came later doesn't matter")
    assert is_whole(tmp_path)
    damages: dict[str, Callable[[], object]] = {
        "cut": lambda: file.write_bytes(b"abc"),
        "changed": lambda: file.write_bytes(b"abce"),
        "gone": file.unlink,
        "mark gone": mark.unlink,
        "mark cut": lambda: mark.write_text(mark.read_text()[:-9]),
    }
    damages[damage]()
    assert not is_whole(tmp_path)


def test_a_value_is_the_same_the_first_time_and_from_the_file(tmp_path: Path) -> None:
    first = kept(tmp_path / "x.json", lambda: {"b": (1, 2), "a": "§"})
    assert list(first.items()) == [("a", "§"), ("b", [1, 2])]
    assert kept(tmp_path / "x.json", lambda: None) == first


def test_what_nobody_went_on_with_is_removed_after_two_weeks(tmp_path: Path) -> None:
    for name, days in (("old", 15), ("own", 15), ("fresh", 13)):
        (tmp_path / name / "checkpoint-1").mkdir(parents=True)
        for path in (tmp_path / name / "checkpoint-1", tmp_path / name):
            os.utime(path, (time.time() - days * 86400,) * 2)
    forget_old(tmp_path / "own")
    assert {path.name for path in tmp_path.iterdir()} == {"fresh", "own"}
