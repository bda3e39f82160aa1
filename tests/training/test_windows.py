"""Windows of long texts: half overlapping, together the text's beginning; a short text stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexfit.training.windows import query_windows, windowed


@given(length=st.integers(1, 400), count=st.integers(2, 6), words=st.integers(20, 100))
def test_windows_overlap_by_half_and_leave_nothing_out_before_their_end(length: int, count: int, words: int) -> None:
    parts = [f"w{n}" for n in range(length)]
    found = [text.split() for text in query_windows(" ".join(parts), count, words)]
    assert 1 <= len(found) <= count
    for number, window in enumerate(found):
        assert window == parts[number * (words // 2) :][: len(window)]
        assert len(window) == words or window[-1] == parts[-1]
    assert len(found) == count or found[-1][-1] == parts[-1]
    assert len(set(map(tuple, found))) == len(found)


@pytest.mark.parametrize("text", ["a  b\nc", "word " * 20])
def test_one_window_and_short_texts_are_the_text_itself(text: str) -> None:
    assert query_windows(text, 3, 20) == [text]
    assert query_windows(text * 9, 1, 20) == [text * 9]


def test_one_window_changes_no_id() -> None:
    queries, rows = [{"id": "q", "clean_text": "a " * 99}], [[{"query_id": "q"}, {"query_id": "other"}]]
    assert windowed(queries, rows, 1, 20) == (queries, rows)
    cut, (records,) = windowed(queries, rows, 2, 20)
    assert [q["id"] for q in cut] == ["q#1", "q#2"]
    assert [r["query_id"] for r in records] == ["q#1", "q#2", "other"]
