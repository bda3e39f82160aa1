"""A folder appears whole or not at all, and never in the place of something else."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lexfit.errors import LexfitError
from lexfit.publishing.folders import whole_folder


def fill(target: Path, text: str) -> None:
    with whole_folder(target, "marker") as folder:
        (folder / "marker").write_text(text)


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_new_folder_and_one_in_the_place_of_a_former(tmp_path: Path) -> None:
    fill(tmp_path / "deep" / "out", "one")
    (tmp_path / "deep" / "out" / "extra").write_text("x")
    fill(tmp_path / "deep" / "out", "two")
    assert (tmp_path / "deep" / "out" / "marker").read_text() == "two"
    assert names(tmp_path / "deep") == ["out"]
    assert names(tmp_path / "deep" / "out") == ["marker"]


def test_a_failure_leaves_the_former_one_and_nothing_beside_it(tmp_path: Path) -> None:
    fill(tmp_path / "out", "one")
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "out", "marker") as folder:
        (folder / "marker").write_text("half")
        raise RuntimeError
    assert (tmp_path / "out" / "marker").read_text() == "one"
    assert names(tmp_path) == ["out"]


def test_what_a_killed_run_left_is_taken_away_or_put_back(tmp_path: Path) -> None:
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "half").write_text("x")
    (tmp_path / ".out.former").mkdir()  # killed between the two renames
    (tmp_path / ".out.former" / "marker").write_text("one")
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "out", "marker"):
        raise RuntimeError
    assert (tmp_path / "out" / "marker").read_text() == "one"
    fill(tmp_path / "out", "two")
    assert names(tmp_path) == ["out"]


def test_files_and_folders_of_something_else_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis").write_text("x")
    (tmp_path / "empty").mkdir()
    for name in ("file", "other"):
        with pytest.raises(LexfitError, match="isn't replaced"):
            fill(tmp_path / name, "new")
    fill(tmp_path / "empty", "new")
    assert names(tmp_path / "other") == ["thesis"]
    assert (tmp_path / "empty" / "marker").read_text() == "new"


def test_a_full_disk_is_an_error_that_names_the_folder(tmp_path: Path) -> None:
    with (
        pytest.raises(LexfitError, match=r"out: could not be written \(No space left"),
        whole_folder(tmp_path / "out", "marker"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []
