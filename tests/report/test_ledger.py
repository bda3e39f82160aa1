"""Every printed number is entered with its file, key and hash; what isn't there or wasn't read is an error."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from lexfit.errors import LexfitError
from lexfit.report.ledger import Entry, Ledger
from lexfit.report.page import strict


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("scores.json").write_text(json.dumps({"claim": {"mean": 0.43456, "rows": [{"n": 3}, {"n": 4}]}}))
    return Path("scores.json")


def test_a_number_is_printed_by_its_key_and_entered(file: Path) -> None:
    ledger = Ledger(section="results")
    scores = ledger.json(file)
    assert scores("claim.mean", ".3f") == "0.435"
    assert scores["claim"]["rows"]("1.n") == "4"
    assert scores["claim"]["rows"].count() == "2"
    assert ledger.entries == [
        Entry("results", "0.435", "scores.json", "claim.mean"),
        Entry("results", "4", "scores.json", "claim.rows.1.n"),
        Entry("results", "2", "scores.json", "number of claim.rows"),
    ]
    assert ledger.files == {"scores.json": hashlib.sha256(file.read_bytes()).hexdigest()}


def test_absent_keys_and_files_are_errors(file: Path) -> None:
    ledger = Ledger()
    with pytest.raises(KeyError):
        ledger.json(file)("claim.median")
    with pytest.raises(LexfitError, match="no such file"):
        ledger.json(Path("none.json"))
    with pytest.raises(ValueError, match="was not read"):
        ledger.derived("1", "other.json", "sum")


@pytest.mark.parametrize("value", [1, 0.5, None, True])
def test_a_template_prints_no_number_that_has_no_origin(value: object) -> None:
    with pytest.raises(TypeError, match="without saying where it comes from"):
        strict(value)
    assert strict("0.5") == "0.5"
