"""`lexfit demo` serves the last run on 127.0.0.1 alone, until it is stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lexfit.demo.serve import serve
from lexfit.errors import LexfitError
from lexfit.search import load, rank
from lexfit.stages.common import RESULTS
from tests.conftest import REPO
from tests.demo.conftest import free_port
from tests.demo.http import ask, wait_for
from tests.publishing.finished import told


@pytest.fixture(scope="module")
def started(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, subprocess.Popen[bytes], Path]]:
    port, said = free_port(), tmp_path_factory.mktemp("said") / "said.txt"
    command = [sys.executable, "-m", "lexfit", "demo", "--no-browser", "--port", str(port)]
    env = {**os.environ, "PYTHONPATH": str(REPO / "src")}
    with said.open("w") as stream:
        process = subprocess.Popen(command, cwd=run, env=env, stdout=stream, stderr=stream)
        try:
            wait_for(f"http://127.0.0.1:{port}", process, said)
            yield port, process, said
        finally:
            process.kill()
            process.wait(30)


def test_it_serves_the_last_run_here_and_nowhere_else(
    started: tuple[int, subprocess.Popen[bytes], Path], in_run: Path
) -> None:
    del in_run
    port, _, said = started
    html = ask(f"http://127.0.0.1:{port}", told(3))
    assert f'data-id="{rank(load(), told(3), 1)[0].statute.id}"' in html.partition("lf-column-finetuned")[2]
    assert f"http://127.0.0.1:{port}" in said.read_text()
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}
    for address in addresses - {"127.0.0.1", "127.0.1.1"}:
        with socket.socket() as tried:
            tried.settimeout(2)
            assert tried.connect_ex((str(address), port)) != 0


def test_a_second_one_on_the_same_port_is_told_to_take_another(
    started: tuple[int, subprocess.Popen[bytes], Path], in_run: Path
) -> None:
    del in_run
    with pytest.raises(LexfitError, match=r"can't be used on 127.0.0.1 \(Address already in use\)"):
        serve(started[0], browser=False, say=lambda line: None)


def test_ctrl_c_ends_it(started: tuple[int, subprocess.Popen[bytes], Path]) -> None:
    _, process, said = started
    process.send_signal(signal.SIGINT)
    assert process.wait(30) in {0, 130}
    assert "Traceback" not in said.read_text()


def test_scores_of_another_model_are_never_shown(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = shutil.copytree(run, tmp_path / "project", ignore=shutil.ignore_patterns(".git", "cache"))
    monkeypatch.chdir(root)
    meta = next((RESULTS / "mteb").rglob("model_meta.json"))
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "revision": "0" * 12}))
    with pytest.raises(LexfitError, match="the model of this run is"):
        serve(free_port(), browser=False, say=lambda line: None)


def test_without_a_run_it_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Path) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(run / "params.yaml", "params.yaml")
    with pytest.raises(LexfitError, match=r"scores\.json: no such file\. Run the stage that writes it"):
        serve(free_port(), browser=False, say=lambda line: None)
