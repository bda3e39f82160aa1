"""Zips and gzip files that are made to do harm: refused by name, in little memory, before anything is used."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lexfit import io as lexfit_io
from lexfit.corpus import archive
from lexfit.corpus.acts.sections import read_sections
from lexfit.corpus.archive import Archive
from lexfit.corpus.sources import load
from lexfit.errors import LexfitError
from lexfit.evaluation.trec import read_trec_run
from tests.fuzz import seeds
from tests.fuzz.readers import task_source

MIB = 2**20
Edit = Callable[[zipfile.ZipInfo], None]


@contextmanager
def little_memory(limit: int) -> Iterator[None]:
    """The block's peak of Python's memory stays below a limit in bytes."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def hostile(path: Path, name: str, edit: Edit, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """The FIRE release with one member more, whose entry is edited."""
    with zipfile.ZipFile(path, "w") as stream:
        for own, data in seeds.AILA.items():
            stream.writestr(own, data)
        info = zipfile.ZipInfo(name)
        info.compress_type = method
        edit(info)
        stream.writestr(info, b"text")
    return path


def as_it_is(info: zipfile.ZipInfo) -> None:
    del info


def a_link(info: zipfile.ZipInfo) -> None:
    info.external_attr = 0o120777 << 16


@pytest.mark.parametrize(
    ("name", "edit", "method", "problem"),
    [
        ("../evil.txt", as_it_is, zipfile.ZIP_STORED, "points outside"),
        ("/etc/evil.txt", as_it_is, zipfile.ZIP_STORED, "points outside"),
        ("release/../../evil.txt", as_it_is, zipfile.ZIP_STORED, "points outside"),
        ("C:/evil.txt", as_it_is, zipfile.ZIP_STORED, "points outside"),
        ("a\\..\\evil.txt", as_it_is, zipfile.ZIP_STORED, "points outside"),
        ("release/link.txt", a_link, zipfile.ZIP_STORED, "is a link"),
        ("release/Query_doc.txt", as_it_is, zipfile.ZIP_STORED, "two members 'release/Query_doc.txt'"),
        ("release/a.txt", as_it_is, zipfile.ZIP_BZIP2, "method 12"),
        ("release/a.txt", as_it_is, zipfile.ZIP_LZMA, "method 14"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_members_are_refused(tmp_path: Path, name: str, edit: Edit, method: int, problem: str) -> None:
    path = hostile(tmp_path / "evil.zip", name, edit, method)
    with pytest.raises(LexfitError, match=rf"evil\.zip: .*{problem}"):
        load(task_source("aila_fire", path))
    assert [file.name for file in tmp_path.rglob("*")] == ["evil.zip"]


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = hostile(tmp_path / "secret.zip", "release/a.txt", as_it_is)
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1  # the flag in the last entry of the directory
    path.write_bytes(data)
    with pytest.raises(LexfitError, match=r"secret\.zip: member 'release/a.txt' is encrypted"):
        load(task_source("aila_fire", path))


def test_a_member_that_lies_about_its_size_takes_no_memory(tmp_path: Path) -> None:
    """It says that it holds ten bytes, and unpacks to 256 MiB."""
    pressed = zlib.compressobj(9, wbits=-15)
    packed = b"".join(pressed.compress(b"\0" * MIB) for _ in range(256)) + pressed.flush()
    name, crc = b"corpus.jsonl", zlib.crc32(b"\0" * 10)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(packed), 10, len(name), 0) + name + packed
    fields = (b"PK\1\2", 20, 20, 0, 8, 0, 0, crc, len(packed), 10, len(name), 0, 0, 0, 0, 0, 0)
    directory = struct.pack("<4s6H3I5H2I", *fields) + name
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(directory), len(local), 0)
    path = tmp_path / "liar.zip"
    path.write_bytes(local + directory + end)
    opened = Archive(path)
    with little_memory(4 * MIB):
        assert opened.read("corpus.jsonl") == b"\0" * 10


def test_a_crowd_of_large_members_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 3000)
    (tmp_path / "crowd.zip").write_bytes(seeds.zipped({f"{i}.txt": bytes(range(200)) * 5 for i in range(4)}))
    with pytest.raises(LexfitError, match=r"crowd\.zip: its members claim 4000 bytes together"):
        Archive(tmp_path / "crowd.zip")


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as written:
        written.writestr("0.txt", bytes(range(256)) * 64)
        first = written.filelist[0]
        for number in range(1, 40):
            again = zipfile.ZipInfo(f"{number}.txt")
            again.header_offset, again.CRC = first.header_offset, first.CRC
            again.compress_size, again.file_size = first.compress_size, first.file_size
            written.filelist.append(again)
    (tmp_path / "shared.zip").write_bytes(stream.getvalue())
    with pytest.raises(LexfitError, match=r"shared\.zip: its members overlap"):
        Archive(tmp_path / "shared.zip")


def test_gzip_bombs_stop_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = seeds.gzipped(b"\0" * (64 * MIB))
    monkeypatch.setattr(lexfit_io, "UNZIPPED_BYTES", 4 * MIB)
    (tmp_path / "my.run").write_bytes(bomb)
    with little_memory(16 * MIB):
        with pytest.raises(LexfitError, match=r"sections\.jsonl\.gz: unpacks to more than"):
            list(read_sections(bomb, "sections.jsonl.gz"))
        with pytest.raises(LexfitError, match=r"my\.run: unpacks to more than"):
            read_trec_run(tmp_path / "my.run")


def test_a_link_in_a_folder_that_leads_nowhere_is_no_member(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").symlink_to("absent")
    assert Archive(tmp_path).names == ["a.txt"]
