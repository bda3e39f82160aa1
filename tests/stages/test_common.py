"""Under DVC a stage reads only what other stages wrote, as they wrote it; its log can be written, or it says so."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from lexfit.integrity import md5_of
from lexfit.stage_code import code_of
from lexfit.stages import common
from lexfit.stages.common import run_stage

PIPELINE = "stages:\n  raw: {cmd: x, outs: [data/raw]}\n  model: {cmd: x, deps: [data/raw], outs: [data/model]}\n"


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    hardware, runtime = SimpleNamespace(dtype="float32"), SimpleNamespace(processes=1, device="cpu")
    monkeypatch.setattr(common, "load_params", lambda: SimpleNamespace(hardware=hardware, runtime=runtime))
    (tmp_path / "data").mkdir()
    (tmp_path / "data/raw").write_text("as written")
    (tmp_path / "data/code").mkdir()
    (tmp_path / "data/code/model.sha256").write_text(code_of("model"))
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    md5 = md5_of(tmp_path / "data/raw")
    (tmp_path / "dvc.lock").write_text(f"stages:\n  raw: {{cmd: x, outs: [{{path: data/raw, md5: {md5}}}]}}\n")
    return []


def test_under_dvc_a_stage_refuses_what_has_changed(
    ran: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DVC_STAGE", "model")
    run_stage("model", lambda params: ran.append("untouched"))
    Path("data/raw").write_text("as_written")
    with pytest.raises(SystemExit):
        run_stage("model", lambda params: ran.append("changed"))
    assert (
        "ERROR in stage model\n  data/raw: has changed since stage raw wrote it. Run `lexfit v"
        in capsys.readouterr().err
    )
    monkeypatch.delenv("DVC_STAGE")
    run_stage("model", lambda params: ran.append("by hand"))
    assert ran == ["untouched", "by hand"]


def test_under_dvc_a_stage_refuses_code_that_stage_code_has_not_seen(
    ran: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DVC_STAGE", "model")
    other = "0" * 64
    Path("data/code/model.sha256").write_text(f"{other}  lexfit/stages/model.py\n")
    with pytest.raises(SystemExit):
        run_stage("model", lambda params: ran.append("changed"))
    said = "ERROR in stage model\n  src/lexfit/stages/model.py: has changed since stage code ran. Run `dvc repro` again"
    assert said in capsys.readouterr().err
    assert not ran


def test_a_disk_that_is_full_when_the_time_is_logged_is_said(
    ran: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(self: Path, *arguments: object, **options: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(SystemExit):
        run_stage("model", lambda params: ran.append("ran"))
    assert "No space left on device" in capsys.readouterr().err
    assert ran == ["ran"]
