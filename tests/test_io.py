"""Files are strict on the way in and atomic on the way out."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from lexfit.errors import LexfitError
from lexfit.io import atomic_writer, lines_of, read_json, read_text, write_json


def test_bytes_that_are_not_utf8_name_file_line_and_byte(tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_bytes(b'{"id": "a"}\n{"id": "caf\xe9"}\n')
    with pytest.raises(LexfitError, match=r"queries\.jsonl:2: byte 0xe9 is not UTF-8.*iconv"):
        read_text(file)


@pytest.mark.parametrize("data", [b"", b"\n", b"a\n\nb", b"\xef\xbb\xbfa\r\nb\n", "ä\u2028ß\n".encode()])
def test_lines_read_one_at_a_time_are_those_of_the_whole_text(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "f").write_bytes(data)
    assert "\n".join(lines_of(tmp_path / "f")) == read_text(tmp_path / "f").removesuffix("\n")


def test_lines_name_what_read_text_names(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a\nb\n\xff\n")
    found = []
    for read in (read_text, lambda path: list(lines_of(path))):
        for path in (tmp_path / "f", tmp_path / "absent", tmp_path):
            with pytest.raises(LexfitError) as caught:
                read(path)
            found.append(str(caught.value))
    assert found[:3] == found[3:]
    assert "f:3" in found[0]


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_json(file, {"kept": 1})
    with pytest.raises(RuntimeError), atomic_writer(file) as stream:
        stream.write("half")
        raise RuntimeError("killed")
    assert read_json(file) == {"kept": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_is_a_clear_error_and_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.json"
    write_json(file, {"kept": 1})

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(LexfitError, match=r"No space left.*Free some space"):
        write_json(file, {"lost": 1})
    assert "kept" in file.read_text()


def test_same_value_same_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"b": 1, "a": 2})
    write_json(tmp_path / "b", {"a": 2, "b": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
