"""What is remembered is computed once, for its key alone, and anew where its file is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from lexfit.cache import remembered


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
