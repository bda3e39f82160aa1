"""Asking a Gradio page over HTTP, as any program can."""

from __future__ import annotations

import json
import urllib.request


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
