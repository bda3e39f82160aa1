"""YAML and JSON give plain data or an error: no code, no blow-up, no key that holds twice."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from lexfit.config import load_params, parse_params
from lexfit.errors import LexfitError
from lexfit.integrity import damaged_outputs
from lexfit.io import parse_json
from lexfit.jsonl import parse_jsonl
from lexfit.publishing.consistency import check_card
from lexfit.publishing.lock import read_stages
from lexfit.rows import placed_rows
from lexfit.yaml_files import parse_yaml
from tests.fuzz import seeds
from tests.fuzz.watch import watched

LAUGHS = "a0: &a0 [lol]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))


def yaml_error(text: str) -> str:
    with pytest.raises(LexfitError) as caught:
        parse_yaml(text, "my.yaml", "Mend it")
    assert caught.value.where.startswith("my.yaml")
    return f"{caught.value.where} {caught.value.problem}"


def test_aliases_are_refused_wherever_yaml_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tracemalloc.start()
    Path("params.yaml").write_text(LAUGHS)
    Path("dvc.lock").write_text(f"{LAUGHS}stages: *a11\n")
    assert "alias" in yaml_error(LAUGHS)
    with pytest.raises(LexfitError, match=r"params\.yaml:2: .*alias"):
        load_params(Path("params.yaml"))
    with pytest.raises(LexfitError, match=r"dvc\.lock: .*alias"):
        read_stages()
    with pytest.raises(LexfitError, match=r"model_card\.md .*alias"):
        check_card(f"---\n{LAUGHS}---\n")
    assert tracemalloc.get_traced_memory()[1] < 32 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch ran']",
        "!!python/object/new:os.system ['touch ran']",
        "!!python/name:os.system",
        "!!python/module:os",
        "!own x",
    ],
)
def test_tags_run_nothing(tmp_path: Path, tag: str) -> None:
    with watched(tmp_path) as deeds:
        assert "could not determine a constructor" in yaml_error(f"a: {tag}\n")
        with pytest.raises(LexfitError, match=r"model_card\.md"):
            check_card(f"---\nlicense: {tag}\n---\n")
    assert deeds == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "'a' is given twice"),
        ("a: 0x" + "f" * 20, "64 bits"),
        ("a: " + "9" * 5000, "ValueError"),
        ("a: 2001-99-99", "ValueError"),
        ("a: !!int x", "ValueError"),
        ("a: !!timestamp x", "AttributeError"),
        ("[" * 5000, "RecursionError"),
        ("a: b: c", "my.yaml:1"),
        ("a: \x01", "special characters"),
        ("a" * 300_000, "300000 characters"),
    ],
)
def test_yaml_that_is_no_plain_data_is_named(text: str, problem: str) -> None:
    assert problem in yaml_error(text)


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf", "1.0e+999"])
def test_params_take_finite_numbers_only(value: str) -> None:
    params = parse_yaml(seeds.params().decode(), "params.yaml", "")
    params["train"]["weight_decay"] = parse_yaml(value, "x", "")
    with pytest.raises(LexfitError, match=r"train\.weight_decay: is -?(nan|inf).*finite"):
        parse_params(params)


def test_names_of_params_are_text() -> None:
    params = parse_yaml(seeds.params().decode(), "params.yaml", "")
    params["data"]["train"] = {1: {}}
    with pytest.raises(LexfitError, match=r"data\.train\.1: is a key that isn't text"):
        parse_params(params)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "key 'a' is given twice"),
        ('{"a": ' + "9" * 5000 + "}", "digits"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"\\udc00": 1}', "surrogate"),
        ('{"a": ' + "[" * 200 + "]" * 200 + "}", "nested too deeply"),
        ('{"a": ' + "[" * 100_000, "nested too deeply"),
        ('{"a": "\0"}', "control character"),
    ],
)
def test_json_that_nothing_can_be_made_of_is_named(text: str, problem: str) -> None:
    with pytest.raises(LexfitError, match=rf"a\.json.*{problem}"):
        parse_json(text, "a.json")
    with pytest.raises(LexfitError, match=rf"a\.jsonl:2: .*{problem}"):
        list(parse_jsonl("{}\n" + text, "a.jsonl"))


def test_json_that_only_looks_hostile_is_read() -> None:
    text = '{"pair": "\\ud83d\\ude00", "escaped": "\\\\ud800", "brackets": "' + "[" * 5000 + '"}'
    assert parse_json(text, "a") == {"pair": "\U0001f600", "escaped": "\\ud800", "brackets": "[" * 5000}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b\n1,2,3\n", r"t\.csv:2: has 3 cells"),
        ('a,b\n1,"2\n', r"t\.csv:2: can't be read"),
        ('a,"b\n', r"t\.csv:1: can't be read"),
        ("a,c\n1,2\n", r"t\.csv: has 0 columns named 'b'"),
        ("a,b,b\n1,2,3\n", r"t\.csv: has 2 columns named 'b'"),
        ("", r"t\.csv: has 0 columns named 'a'"),
    ],
)
def test_a_table_that_does_not_fit_its_header_is_named(text: str, problem: str) -> None:
    with pytest.raises(LexfitError, match=problem):
        list(placed_rows(text, "t.csv", ["a", "b"]))


@pytest.mark.parametrize("path", ["../precious", "/precious", "data/../../precious", "."])
def test_a_lock_names_no_output_outside_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """`lexfit verify --delete` removes outputs whose bytes aren't those of dvc.lock."""
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    Path("dvc.yaml").write_text("stages:\n  raw:\n    cmd: x\n")
    Path("dvc.lock").write_text(f"stages:\n  raw:\n    outs:\n    - path: {path}\n      md5: '0123'\n")
    with pytest.raises(LexfitError, match=r"dvc\.lock: stage raw has the output .*, outside of the project"):
        damaged_outputs()
