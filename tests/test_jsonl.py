"""Records are read strictly, and many of them stand in several files as they would in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lexfit import jsonl
from lexfit.errors import LexfitError
from lexfit.jsonl import iter_jsonl, parse_jsonl, parse_shards, read_jsonl, shards_of, write_jsonl


@pytest.fixture(autouse=True)
def _three_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "SHARD_LINES", 3)


def numbered(count: int) -> list[dict[str, int]]:
    return [{"n": number} for number in range(count)]


def test_malformed_jsonl_names_file_and_line() -> None:
    with pytest.raises(LexfitError, match=r"corpus\.jsonl:2: not valid JSON"):
        list(parse_jsonl('{"id": "a"}\n{"id": \n', "corpus.jsonl"))


def test_jsonl_of_anything_but_objects_is_refused() -> None:
    with pytest.raises(LexfitError, match=":1: not a JSON object"):
        list(parse_jsonl("[1, 2]", "x"))


def test_line_separators_inside_text_do_not_end_a_line() -> None:
    assert [n for n, _ in parse_jsonl('{"t": "a\u2028b\x85c"}\n{"t": "d"}', "x")] == [1, 2]


@pytest.mark.parametrize(
    ("count", "names"), [(0, ["a"]), (2, ["a"]), (3, ["a", "a.00001"]), (7, ["a", "a.00001", "a.00002"])]
)
def test_records_come_back_in_their_order_from_as_many_shards_as_they_need(
    tmp_path: Path, count: int, names: list[str]
) -> None:
    file = tmp_path / "a.jsonl"
    assert write_jsonl(file, iter(numbered(count))) == count
    assert [path.stem for path in shards_of(file)] == names == sorted(path.stem for path in tmp_path.iterdir())
    assert list(iter_jsonl(file)) == list(enumerate(numbered(count), 1))


def test_fewer_records_than_before_are_all_that_is_read(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", numbered(7))
    write_jsonl(tmp_path / "a.jsonl", numbered(2))
    assert read_jsonl(tmp_path / "a.jsonl") == numbered(2)


def test_a_missing_shard_is_an_error_and_not_the_end(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", numbered(7))
    (tmp_path / "a.00001.jsonl").unlink()
    with pytest.raises(LexfitError, match=r"a\.00001\.jsonl: no such file"):
        read_jsonl(tmp_path / "a.jsonl")


def test_a_bad_line_names_its_shard(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", numbered(4))
    (tmp_path / "a.00001.jsonl").write_text('{"n": 3}\n{"n"\n')
    with pytest.raises(LexfitError, match=r"a\.00001\.jsonl:2: not valid JSON"):
        read_jsonl(tmp_path / "a.jsonl")


def test_shards_of_an_earlier_commit_are_read_through_what_reads_its_files() -> None:
    texts = {"a.jsonl": '{"n": 0}\n{"n": 1}\n{"n": 2}\n', "a.00001.jsonl": '{"n": 3}\n'}
    assert [r for _, r in parse_shards(lambda path: texts[str(path)], Path("a.jsonl"), "abc: ")] == numbered(4)
    with pytest.raises(LexfitError, match=r"abc: b\.jsonl:1"):
        list(parse_shards(lambda _: "[]", Path("b.jsonl"), "abc: "))


def test_a_failed_write_keeps_the_old_records(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", numbered(2))
    with pytest.raises(ValueError, match="JSON compliant"):
        write_jsonl(tmp_path / "a.jsonl", [{"n": float("nan")}])
    assert read_jsonl(tmp_path / "a.jsonl") == numbered(2)
