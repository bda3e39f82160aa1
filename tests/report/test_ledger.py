"""A report can't print a number without its file, key and hash; what isn't there or wasn't read is an error."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from lexfit.errors import LexfitError
from lexfit.report.ledger import Entry, Ledger, Printed
from lexfit.report.page import Templates, templates_of


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("scores.json").write_text(json.dumps({"claim": {"mean": 0.43456, "rows": [{"n": 3}, {"n": 4}], "k": ["a"]}}))
    return Path("scores.json")


def render(ledger: Ledger, template: str, **facts: object) -> str:
    return templates_of(ledger).from_string(template).render(**facts)


def test_a_printed_number_is_entered_with_its_section_file_and_key(file: Path) -> None:
    ledger = Ledger(section="3")
    scores = ledger.json(file)
    template = '{{ s("claim.mean", ".3f") }} {{ s["claim"]["rows"]("1.n") }} {{ s["claim"]["rows"].count() }}'
    assert render(ledger, template, s=scores) == "0.435 4 2"
    assert ledger.entries == [
        Entry("3", "0.435", ("scores.json",), "claim.mean"),
        Entry("3", "4", ("scores.json",), "claim.rows.1.n"),
        Entry("3", "2", ("scores.json",), "number of claim.rows"),
    ]
    assert ledger.files == {"scores.json": hashlib.sha256(file.read_bytes()).hexdigest()}
    assert ledger.uses == {"scores.json": ["3"]}


def test_a_number_is_entered_where_it_is_printed_and_not_where_it_is_looked_up(file: Path) -> None:
    ledger = Ledger(section="1")
    mean = ledger.json(file)("claim.mean")
    assert ledger.entries == []
    ledger.section = "2"
    render(ledger, "{{ mean }}", mean=mean)
    assert [entry.section for entry in ledger.entries] == ["2"]


@pytest.mark.parametrize("value", [1, 0.5, None, True, "0.435", "about 12", "+3", [1], "x-1"])
def test_what_has_no_origin_is_not_printed(value: object) -> None:
    with pytest.raises(TypeError, match="without saying where it comes from"):
        render(Ledger(), "{{ value }}", value=value)


@pytest.mark.parametrize(
    "template", ["{{ s('claim.mean') ~ '!' }}", "{{ s('claim.mean') | upper }}", "{{ [s('claim.mean')] | join }}"]
)
def test_a_number_loses_its_origin_by_being_worked_on(file: Path, template: str) -> None:
    ledger = Ledger()
    with pytest.raises(TypeError, match="without saying where it comes from"):
        render(ledger, template, s=ledger.json(file))


def test_words_and_names_are_printed_as_they_are() -> None:
    assert render(Ledger(), "{{ a }} {{ b }}", a="fine-tuned", b="BM25") == "fine-tuned BM25"


def test_quoted_words_keep_their_digits_and_name_their_file(file: Path) -> None:
    ledger = Ledger(section="7")
    ledger.text(file)
    assert render(ledger, "{{ q }}", q=ledger.quoted("section 302", file)) == "section 302"
    assert ledger.entries == []
    assert ledger.uses == {"scores.json": ["7"]}


def test_a_macro_checks_what_it_prints(file: Path) -> None:
    ledger = Ledger()
    scores = ledger.json(file)
    macro = "{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(value) }}"
    assert render(ledger, macro, value=scores("claim.mean")) == "<0.43456>"
    with pytest.raises(TypeError):
        render(ledger, macro, value="0.43456")
    assert isinstance(Templates.concat(["a"]), Printed)


def test_absent_keys_and_files_are_errors(file: Path) -> None:
    ledger = Ledger()
    with pytest.raises(KeyError):
        ledger.json(file)("claim.median")
    with pytest.raises(LexfitError, match="no such file"):
        ledger.json(Path("none.json"))
    with pytest.raises(ValueError, match=r"other\.json was not read"):
        ledger.derived("1", "sum", "other.json")
    with pytest.raises(ValueError, match="No file was not read"):
        ledger.quoted("1")


def test_the_hash_of_params_is_of_what_changes_results(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("seed: 42\nmodel:\n  name: m\nruntime:\n  device: cpu\n")
    first, second, third = Ledger(), Ledger(), Ledger()
    assert first.params(path)("model.name") == "m"
    path.write_text("seed: 42\nmodel:\n  name: m\nruntime:\n  device: cuda\n")
    second.params(path)
    assert first.files == second.files
    assert first.files[path.as_posix()] == hashlib.sha256(b"seed: 42\nmodel:\n  name: m\n").hexdigest()
    path.write_text("seed: 43\nmodel:\n  name: m\nruntime:\n  device: cpu\n")
    third.params(path)
    assert third.files != first.files
    path.write_text("runtime:\n  device: cpu\nseed: 42\n")
    with pytest.raises(LexfitError, match="its last section isn't"):
        Ledger().params(path)
