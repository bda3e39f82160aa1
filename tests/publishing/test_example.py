"""The card's usage example runs as a stranger would run it, or is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lexfit.errors import LexfitError
from lexfit.publishing import example
from lexfit.publishing.example import check_example, example_of


def readme(code: str) -> str:
    return f"# A model\n\n```python\nfolder = 'org/name'\n{code}\n```\n\n```console\n$ exit 1\n```\n"


def test_the_repository_is_replaced_by_the_folder(tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("0.5")
    assert check_example(readme("print(open(folder + '/weights').read())"), "org/name", tmp_path) == "0.5"


def test_the_process_has_no_network_no_token_no_project_and_an_empty_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    code = "import json, os, sys\nprint(json.dumps([dict(os.environ), os.getcwd(), os.listdir(), sys.path]))"
    environment, folder, listed, path = json.loads(check_example(readme(code), "org/name", tmp_path))
    assert environment["HF_HUB_OFFLINE"] == environment["TRANSFORMERS_OFFLINE"] == "1"
    assert "HF_TOKEN" not in environment
    assert "PYTHONPATH" not in environment
    assert environment["HOME"] == folder
    assert listed == []
    assert str(tmp_path) not in path


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('no such module')", "ValueError: no such module"),
        ("print('tensor([[nan, 0.1]])')", "nan"),
        ("print('tensor([inf])')", "inf"),
        ("pass", "prints nothing"),
        ("import lexfit_is_not_installed_for_strangers", "ModuleNotFoundError"),
    ],
)
def test_an_example_that_fails_or_prints_no_number_is_refused(tmp_path: Path, code: str, said: str) -> None:
    with pytest.raises(LexfitError) as caught:
        check_example(readme(code), "org/name", tmp_path)
    assert said in caught.value.problem


def test_an_example_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "TIMEOUT", 0.5)
    with pytest.raises(LexfitError, match=r"took more than 0\.5 s"):
        check_example(readme("import time\ntime.sleep(60)"), "org/name", tmp_path)


def test_a_card_without_an_example_that_loads_the_model_is_refused() -> None:
    with pytest.raises(LexfitError, match="no Python example that loads org/other"):
        example_of(readme("pass"), "org/other")
