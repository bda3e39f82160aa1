"""A small Hugging Face Hub on localhost, with faults on demand."""

from __future__ import annotations

import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.publishing.hub_answers import Answer, Repo, Request


@dataclass
class Fault:
    """What happens instead of an answer: a status, or a connection dropped before or after the work is done."""

    request: str
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1000
    after_work: bool = False


class Hub(ThreadingHTTPServer):
    """State of the server; `requests` is its log of `METHOD path`."""

    daemon_threads = True

    def __init__(self, cas: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self.owners = {"org"}
        self.writable = {"org"}
        self.served_hash: dict[str, str] = {}
        self.listed_hash: dict[str, str] = {}
        self.cas = cas

    @property
    def url(self) -> str:
        """Endpoint for `HfApi`."""
        return f"http://127.0.0.1:{self.server_port}"

    def count(self, pattern: str) -> int:
        """How many requests so far match a pattern."""
        return sum(bool(re.search(pattern, request)) for request in self.requests)

    def fault(self, request: str) -> Fault | None:
        """The fault that a request meets, if one is due."""
        for fault in self.faults:
            if fault.times > 0 and re.search(fault.request, request):
                fault.times -= 1
                return fault
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Dropped connections are wanted here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Hub

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def _handle(self) -> None:
        path, _, query = self.path.partition("?")
        name = f"{self.command} {path}"
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        self.server.requests.append(name)
        fault = self.server.fault(name)
        if fault and not fault.after_work:
            if fault.status is None:
                self.close_connection = True
                return
            self._send(Answer(fault.status, {"error": f"fault {fault.status}"}, **fault.headers))
            return
        queried = dict(urllib.parse.parse_qsl(query))
        request = Request(self.server, self.command, self.headers, body, queried)
        try:
            self._send(request.route(path), dropped=fault is not None)
        except Answer as answer:
            self._send(answer)

    do_GET = do_POST = do_PUT = do_HEAD = _handle  # noqa: N815

    def _send(self, answer: Answer, dropped: bool = False) -> None:
        if dropped:
            self.close_connection = True
            return
        data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for key, value in answer.headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@contextmanager
def running_hub(cas: Path | None = None) -> Iterator[Hub]:
    """A server in a thread of its own; with `cas`, large files go by Xet to that folder."""
    hub = Hub(cas)
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
