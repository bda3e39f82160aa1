"""The page over HTTP: it answers, names no other server, keeps nothing; a bad port and an absent Gradio are told."""

from __future__ import annotations

import importlib.util
import json
import re
import socket
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from lexfit.__main__ import main
from lexfit.demo.serve import check_port
from lexfit.errors import LexfitError
from tests.demo.conftest import free_port
from tests.demo.http import ask

SECRET = "The zebrawood cabinet was taken by night."


def test_a_text_is_answered_over_http(served: str) -> None:
    html = ask(served, "He took goods by theft from a house.")
    assert html.count('class="lf-hit"') == 30


def test_blank_and_very_long_texts_are_answered(served: str) -> None:
    assert "Write or paste the facts" in ask(served, "")
    assert "BM25 reads them all" in ask(served, ("theft of goods " * 7000)[:100_000])


def test_the_page_loads_nothing_from_elsewhere(served: str) -> None:
    with urllib.request.urlopen(served) as answer:
        page, headers = answer.read().decode(), answer.headers
    assert "connect-src 'self'" in headers["content-security-policy"]
    assert "default-src 'self'" in headers["content-security-policy"]
    loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=[\"'](?:https?:)?//([^/\"']+)", page)
    assert set(loaded) <= {served.removeprefix("http://")}
    config = json.loads(urllib.request.urlopen(f"{served}/config").read())
    assert config["analytics_enabled"] is False
    assert not [sheet for sheet in config.get("stylesheets") or [] if "//" in sheet]


def test_a_query_is_neither_logged_nor_stored(
    served: str, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "lf-hit" in ask(served, SECRET)
    said = capfd.readouterr()
    assert "zebrawood" not in said.out + said.err
    assert list(tmp_path.rglob("*")) == []
    import gradio.utils

    stored = [file for file in Path(gradio.utils.get_upload_folder()).rglob("*") if file.is_file()]
    assert not [file for file in stored if b"zebrawood" in file.read_bytes()]


def test_a_port_in_use_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LexfitError, match=rf"--port {port}: can't be used on 127.0.0.1 \(Address already in use\)"):
            check_port(port)
    check_port(free_port())


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_what_is_no_port_is_told(port: int) -> None:
    with pytest.raises(LexfitError, match="is no port"):
        check_port(port)


@pytest.mark.parametrize("command", [["demo"], ["space", "--out", "space"]])
def test_without_gradio_the_commands_say_what_to_run(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = importlib.util.find_spec
    absent: Any = lambda name, *rest: None if name == "gradio" else found(name, *rest)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", absent)
    with pytest.raises(SystemExit):
        main(command)
    assert "Run `make demo`, or `pip install -r requirements-demo.lock`" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
