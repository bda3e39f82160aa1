"""Whatever a file holds, its reader gives a value or an error that names it; nothing else happens on the machine.

LEXFIT_FUZZ_EXAMPLES sets how many damaged files each reader gets (default 12; a night's run takes thousands).
"""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lexfit.errors import LexfitError
from tests.fuzz.mutations import STEPS, damaged
from tests.fuzz.readers import READERS, Reader
from tests.fuzz.watch import watched

EXAMPLES = int(os.environ.get("LEXFIT_FUZZ_EXAMPLES", "12"))
LONGEST = timedelta(seconds=20)  # for one file of 1 MiB at most, on a busy machine


@cache
def warmed(name: str) -> Reader:
    """A reader whose imports are done: libraries write caches of their own then."""
    reader = READERS[name]
    with tempfile.TemporaryDirectory() as folder:
        reader.put(Path(folder), whole(reader))
        reader.read(Path(folder))
    return reader


def whole(reader: Reader) -> bytes:
    """The valid file."""
    return reader.wrap(reader.seed()) if reader.wrap else reader.seed()


def attempt(reader: Reader, data: bytes) -> LexfitError | None:
    """Read a file of these bytes in a folder of its own; the reader's error, if it gives one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "inside"
        reader.put(folder, data)
        with watched(folder) as deeds:
            try:
                reader.read(folder)
                found = None
            except LexfitError as error:
                found = error
        assert deeds == []
        assert [path.name for path in Path(name).iterdir()] == ["inside"]
        return found


def check(reader: Reader, data: bytes) -> None:
    """Assert that an error, if there is one, names a file and a remedy."""
    error = attempt(reader, data)
    if error is not None:
        known = [*reader.names, *(Path(file).name for file in (reader.file, *reader.others)), "inside"]
        assert any(name in error.where or name in error.problem for name in known), str(error)
        assert error.remedy


@pytest.mark.parametrize("name", READERS)
def test_a_whole_file_is_read(name: str) -> None:
    reader = warmed(name)
    assert attempt(reader, whole(reader)) is None


@st.composite
def damaged_files(draw: st.DrawFn, name: str) -> bytes:
    reader = READERS[name]
    seed = reader.seed()
    if reader.wrap is None:
        return draw(st.binary(max_size=300)) if draw(st.integers(0, 9)) == 0 else damaged(seed, draw(STEPS))
    inner = draw(st.booleans())
    return reader.wrap(damaged(seed, draw(STEPS))) if inner else damaged(reader.wrap(seed), draw(STEPS))


@pytest.mark.timeout(600 + EXAMPLES)
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_read_or_named(name: str) -> None:
    reader = warmed(name)

    @settings(
        max_examples=max(4, EXAMPLES // 3) if reader.slow else EXAMPLES,
        derandomize=True,
        database=None,
        deadline=LONGEST,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(damaged_files(name))
    def run(data: bytes) -> None:
        check(reader, data)

    run()
