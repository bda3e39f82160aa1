"""`lexfit demo`: the page over the last run, on this machine alone."""

from __future__ import annotations

import importlib.util
import os
import socket
from typing import TYPE_CHECKING

from lexfit.config import load_params
from lexfit.demo.about import about
from lexfit.demo.examples import examples
from lexfit.demo.page import build_page, launch_options
from lexfit.demo.side_by_side import SideBySide
from lexfit.errors import LexfitError
from lexfit.io import read_json
from lexfit.search.rankers import Bm25, Dense, load
from lexfit.stages.common import RAW, RESULTS

if TYPE_CHECKING:
    from collections.abc import Callable

HOST, PORT = "127.0.0.1", 7860


def check_gradio() -> None:
    """Raise `LexfitError` where Gradio, an optional dependency, isn't installed."""
    if importlib.util.find_spec("gradio") is None:
        raise LexfitError(
            "gradio",
            "isn't installed, and the demo needs it",
            "Run `make demo`, or `pip install -r requirements-demo.lock`",
        )


def check_port(port: int) -> None:
    """Raise `LexfitError` for a port that is none, is in use, or isn't ours to take."""
    if not 1 <= port <= 65535:
        raise LexfitError(f"--port {port}", "is no port", "Give one from 1024 to 65535")
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HOST, port))
        except OSError as error:
            raise LexfitError(
                f"--port {port}",
                f"can't be used on {HOST} ({os.strerror(error.errno or 0)})",
                "Stop what listens there, or give another: `lexfit demo --port 7861`",
            ) from error


def load_side_by_side() -> SideBySide:
    """The three rankers over the statutes of the last run."""
    bm25, base, finetuned = load("bm25"), load("base"), load("finetuned")
    if not isinstance(bm25, Bm25) or not isinstance(base, Dense) or not isinstance(finetuned, Dense):
        raise TypeError("load gave another kind of ranker than was asked for.")
    return SideBySide(bm25, base, finetuned)


def serve(port: int, *, browser: bool, say: Callable[[str], None]) -> None:
    """Serve the page on 127.0.0.1 until it is stopped.

    Args:
        port: To listen on.
        browser: Open the page in this machine's browser.
        say: Gets a line for each step.

    Raises:
        LexfitError: Gradio isn't installed, the port is taken, a stage hasn't run, or scores are of another model.
    """
    from lexfit.publishing.finished_run import result_files  # noqa: PLC0415  (DVC)

    check_gradio()
    check_port(port)
    params = load_params()
    scores = read_json(RESULTS / "scores.json")
    result_files(params)
    told = about(params, scores, read_json(RAW / "task" / "source.json"))
    shown = examples(params.data.source)
    say("loading the models and embedding the statutes, sentence by sentence; the first time takes a minute")
    demo = load_side_by_side()
    page = build_page(demo, told, shown)
    demo.compare(shown[0].text)
    # Gradio asks its own server whether it answers; a proxy must not be asked instead.
    os.environ["NO_PROXY"] = ",".join(filter(None, [os.environ.get("NO_PROXY"), HOST, "localhost"]))
    try:
        page.launch(server_name=HOST, server_port=port, inbrowser=browser, prevent_thread_lock=True, **launch_options())
    except OSError as error:
        raise LexfitError(f"--port {port}", f"can't be used ({error})", "Give another: --port 7861") from error
    say(f"http://{HOST}:{port} (Ctrl+C stops it)")
    page.block_thread()
