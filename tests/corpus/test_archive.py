"""A folder and a zip read alike; corrupt and hostile zips are refused before anything is used."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from lexfit.corpus.archive import Archive, sha256_of
from lexfit.errors import LexfitError


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_zip_and_folder_read_alike(tmp_path: Path) -> None:
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    (tmp_path / "folder" / "sub" / "a.txt").write_bytes(b"text")
    zipped = make_zip(tmp_path / "a.zip", {"sub/a.txt": b"text"})
    for archive in (Archive(tmp_path / "folder"), Archive(zipped)):
        assert archive.names == ["sub/a.txt"]
        assert archive.read(archive.find("a.txt")) == b"text"


@pytest.mark.parametrize("name", ["../evil.txt", "a/../../evil.txt", "/etc/evil", "C:/evil.txt", "a\\..\\evil.txt"])
def test_names_that_leave_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LexfitError, match="points outside the archive"):
        Archive(make_zip(tmp_path / "evil.zip", {name: b"x"}))
    assert not list(tmp_path.parent.glob("evil.txt"))


def test_links_are_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "l.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(LexfitError, match="is a link"):
        Archive(tmp_path / "l.zip")


def test_bombs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LexfitError, match="claims"):
        Archive(make_zip(tmp_path / "bomb.zip", {"zeros": b"\0" * (80 * 2**20)}))


def test_a_file_that_is_no_zip_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"not a zip")
    with pytest.raises(LexfitError, match=r"x\.zip: is not a readable zip"):
        Archive(tmp_path / "x.zip")


@pytest.mark.parametrize("at", [40, 60, 80])
def test_a_damaged_member_is_named(tmp_path: Path, at: int) -> None:
    path = make_zip(tmp_path / "d.zip", {"a.txt": bytes(range(256)) * 4})
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(LexfitError, match=r"a\.txt: is damaged"):
        Archive(path).read("a.txt")


def test_missing_path_and_member(tmp_path: Path) -> None:
    with pytest.raises(LexfitError, match="no such file or folder"):
        Archive(tmp_path / "absent.zip")
    with pytest.raises(LexfitError, match="0 members named"):
        Archive(make_zip(tmp_path / "e.zip", {"b": b""})).find("a.txt")


def test_sha256_of_a_folder_sees_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = sha256_of(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert sha256_of(tmp_path) != first
