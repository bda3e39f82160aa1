"""The command, from a finished project to what the Hub serves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

from lexfit.__main__ import main
from lexfit.publishing import preflight
from tests.conftest import REPO
from tests.publishing.hub_answers import TOKEN
from tests.publishing.hub_server import Fault, Hub


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A token in the environment, and none stored."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, hub: Hub) -> Hub:
    """The command in this process sends to the local Hub, without the usage example."""
    monkeypatch.setattr(preflight, "check_example", lambda *_: "ran")
    monkeypatch.setattr("lexfit.publishing.publish.ENDPOINT", hub.url)
    return hub


def failing(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(["publish", "--repo", "org/name", *arguments])
    assert caught.value.code == 1
    *_, error = capsys.readouterr().err.splitlines()  # above it, a progress bar
    assert error.startswith("ERROR: ")
    return error


def test_the_whole_command_in_a_process_of_its_own(hub: Hub, project: Path) -> None:
    settings = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", "PYTHONPATH": str(REPO / "src")}
    offline = {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"}
    environment = {k: v for k, v in os.environ.items() if k not in offline} | settings
    command = [sys.executable, "-m", "lexfit", "publish", "--repo", "org/name", "--tag", "v1.0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    repo = hub.repos["org/name"]
    (commit,) = repo.commits[1:]
    assert repo.tags == {"v1.0": commit.oid}
    assert not repo.private
    folder = project / "data/model/sentence_transformer"
    expected = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(commit.files) == expected | {"README.md", ".gitattributes"}
    assert list(hub.large.values()) == [(folder / "model.safetensors").read_bytes()]
    assert b'SentenceTransformer("org/name")' in bytes(commit.files["README.md"])  # type: ignore[arg-type]
    lines = done.stdout.splitlines()
    assert "usage example runs from the exported folder in a clean process" in lines
    assert lines[-1] == f"{hub.url}/org/name/tree/v1.0"


@pytest.mark.usefixtures("token", "project")
def test_a_broken_push_ends_in_one_line_and_the_next_finishes_it(
    quick: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    quick.faults = [Fault("POST .*/commit/", 500)]
    assert "status 500" in failing(capsys)
    assert len(quick.repos["org/name"].commits) == 1
    quick.faults = []
    main(["publish", "--repo", "org/name", "--tag", "v1"])
    assert quick.count("PUT /storage") == 1
    assert len(quick.repos["org/name"].commits) == 2
    quick.requests.clear()
    main(["publish", "--repo", "org/name", "--tag", "v1"])
    assert "holds these files already" in capsys.readouterr().out
    assert quick.count("^(POST|PUT)") == 0


@pytest.mark.usefixtures("token", "project")
def test_what_fails_a_check_reaches_no_hub(quick: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    card = Path("reports/model_card.md")
    card.write_text(card.read_text() + "The best model there is.\n")
    assert "isn't what dvc.lock says" in failing(capsys)
    assert quick.requests == []


@pytest.mark.usefixtures("token", "project")
def test_offline_mode_is_named(quick: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE: is set" in failing(capsys)
    assert quick.requests == []


@pytest.mark.usefixtures("token", "project")
def test_a_missing_token_is_named_unless_nothing_is_sent(
    quick: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert "HF_TOKEN: there is no token for the Hub" in failing(capsys)
    main(["publish", "--repo", "org/name", "--dry-run", str(tmp_path / "out")])
    assert (tmp_path / "out/README.md").exists()
    assert quick.requests == []


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["publish", "--help"])
    said = capsys.readouterr().out
    for option in ("--repo ORG/NAME", "--dry-run DIR", "--private", "--tag TAG", "--prune"):
        assert option in said
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "publish" in capsys.readouterr().out
