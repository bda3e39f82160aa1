"""What a stage reads, and what lies in DVC's cache, is what was written: told from the bytes alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lexfit.__main__ import main
from lexfit.errors import LexfitError
from lexfit.integrity import active_stages, check_inputs, damaged_objects, damaged_outputs, md5_of
from lexfit.publishing.lock import output_md5

PIPELINE = """
stages:
  raw:
    cmd: mkdir -p data/raw/inner && echo a > data/raw/a && echo b > data/raw/inner/ä
    outs: [data/raw]
  fold:
    matrix: {fold: "${folds}"}
    cmd: mkdir -p data/folds && cat data/raw/a > data/folds/${item.fold}
    deps: [data/raw]
    outs: ["data/folds/${item.fold}"]
  table:
    cmd: cat data/folds/* > table
    deps: [data/folds]
    outs: [table: {cache: false}]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "state"))
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "params.yaml").write_text("folds: [0, 1]\n")
    for command in ("git init -q", "dvc init -q", "dvc config core.analytics false", "dvc repro -q"):
        dvc(*command.split())
    return tmp_path


def dvc(*command: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PATH": path})
    return done.stdout


def rot(path: Path) -> None:
    """Change a byte and nothing that DVC would look at."""
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(b"!" + path.read_bytes()[1:])
    path.chmod(before.st_mode & 0o777)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_byte_that_dvc_does_not_see_is_seen(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert md5_of(project / "data/raw") == output_md5(project / "data/raw")
    assert md5_of(project / "data/folds/0") == output_md5(project / "data/folds/0")
    (cache,) = project.glob(".dvc/cache/files/md5")
    check_inputs("fold@0")
    assert damaged_outputs() == list(damaged_objects(cache)) == []

    rot(project / "data/raw/a")
    assert "up to date" in dvc("dvc", "status")
    with pytest.raises(LexfitError, match=r"data/raw: has changed since stage raw wrote it. Run `lexfit verify"):
        check_inputs("fold@0")
    check_inputs("table")
    assert damaged_outputs() == [Path("data/raw")]

    inner = project / "data/raw/inner/ä"
    md5 = md5_of(inner)
    rot(cache / md5[:2] / md5[2:])
    with pytest.raises(SystemExit):
        main(["verify"])
    said = capsys.readouterr().err
    assert f"data/raw, .dvc/cache/files/md5/{md5[:2]}/{md5[2:]}: 2 are damaged. Run `lexfit verify --delete`" in said
    main(["verify", "--delete"])
    dvc("dvc", "repro", "-q")
    assert inner.read_text() == "b\n"
    check_inputs("fold@0")
    main(["verify"])
    assert "as stages wrote them" in capsys.readouterr().out


def test_a_file_within_an_output_is_looked_at(project: Path) -> None:
    pipeline = (project / "dvc.yaml").read_text()
    (project / "dvc.yaml").write_text(pipeline + "  part: {cmd: x, deps: [data/raw/inner/ä], outs: [part]}\n")
    check_inputs("part")
    rot(project / "data/raw/inner/ä")
    with pytest.raises(LexfitError, match="data/raw: has changed since stage raw"):
        check_inputs("part")


def test_what_params_no_longer_ask_for_and_what_is_absent_is_not_looked_at(project: Path) -> None:
    rot(project / "data/folds/1")
    with pytest.raises(LexfitError, match="data/folds/1: has changed since stage fold@1"):
        check_inputs("table")
    (project / "params.yaml").write_text("folds: [0]\n")
    check_inputs("table")
    (project / "data/folds/0").unlink()
    check_inputs("table")


def test_what_only_git_keeps_is_made_again(project: Path) -> None:
    rot(project / "table")
    assert damaged_outputs() == [Path("table")]
    main(["verify", "--delete"])
    dvc("dvc", "repro", "-q")
    assert (project / "table").read_text() == "a\na\n"


def test_dvc_runs_again_after_it_was_killed_while_it_wrote_its_list_of_commands(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = project / ".dvc/tmp/rwlock"
    main(["verify"])
    commands.write_text("")
    failed = subprocess.run(["dvc", "repro"], capture_output=True, text=True, check=False)
    assert failed.returncode != 0
    assert "Unable to read RWLock-file" in failed.stderr
    with pytest.raises(SystemExit):
        main(["verify"])
    assert ".dvc/tmp/rwlock: damaged. Run `lexfit verify --delete`" in capsys.readouterr().err
    main(["verify", "--delete"])
    assert not commands.exists()
    dvc("dvc", "repro", "-q")


def test_stages_by_list_mapping_and_none() -> None:
    stages = {"plain": {}, "each": {"foreach": "${a.names}"}, "by_key": {"foreach": "${a.systems}"}}
    params = {"a": {"names": ["x", "y"], "systems": {"z": {"depth": 1}}}}
    assert active_stages({"stages": stages}, params) == {"plain", "each@x", "each@y", "by_key@z"}
