"""Asking a Gradio page over HTTP, as any program can."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def ask(address: str, facts: str, timeout: float = 60) -> str:
    """The HTML that the page answers a text with."""
    body = json.dumps({"data": [facts]}).encode()
    call = urllib.request.Request(f"{address}/gradio_api/call/search", body, {"content-type": "application/json"})
    with urllib.request.urlopen(call, timeout=timeout) as answer:
        event = json.loads(answer.read())["event_id"]
    with urllib.request.urlopen(f"{address}/gradio_api/call/search/{event}", timeout=timeout) as answer:
        lines = answer.read().decode().splitlines()
    kind = next(line.partition(": ")[2] for line in lines if line.startswith("event: "))
    data = next(line.partition(": ")[2] for line in lines if line.startswith("data: "))
    if kind != "complete":
        raise AssertionError(f"{kind}: {data}")
    (html,) = json.loads(data)
    return str(html)


def wait_for(address: str, process: subprocess.Popen[bytes], said: Path, seconds: float = 180) -> str:
    """The address, once the process answers there; what it said is in the error if it doesn't."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return address
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError(f"no answer at {address}: {said.read_text()}")
