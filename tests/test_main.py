"""The command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lexfit.__main__ import main
from tests.conftest import REPO


def test_compose_prints_params(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPO)
    main(["compose", "--print", "train.epochs=7"])
    assert "epochs: 7" in capsys.readouterr().out


def test_bad_input_is_one_line_and_exit_status_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main(["summary"])
    assert caught.value.code == 1
    assert "scores.json: no such file" in capsys.readouterr().err


def test_score_run(capsys: pytest.CaptureFixture[str], aila_release: Path, reference: Path) -> None:
    main(["score-run", str(reference / "fire2019_thuir_legal_2.run.gz"), "--data", str(aila_release)])
    assert capsys.readouterr().out.split() == [
        "map",
        "0.1566",
        "bpref",
        "0.0961",
        "recip_rank",
        "0.2812",
        "p_at_10",
        "0.0975",
    ]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom lexfit.__main__ import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('torch', 'dvc', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
