"""A small demo over a random model, and its page served on localhost."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from typing import TYPE_CHECKING

import pytest

from lexfit.demo.about import About
from lexfit.demo.examples import SITUATIONS, Example
from lexfit.demo.side_by_side import SideBySide
from lexfit.search import Bm25, Dense, Statute
from tests.conftest import REPO
from tests.publishing.finished import ZERO_SHOT, finished_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

SUBJECTS = ["murder", "theft", "cheques", "marriage", "election", "taxation", "land", "schools", "water", "wages"]
SUBJECTS += ["speech", "trade", "forests", "arrest", "contracts"]
HOSTILE = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"


def statutes() -> list[Statute]:
    """Fifteen, the third without a title, one with markup in its text."""
    found = []
    for number, subject in enumerate(SUBJECTS, 1):
        text = (
            f"Whoever is concerned with {subject} shall answer for {subject} before the court of the district. "
            f"No order about {subject} is made before both sides were heard on it; costs follow the event."
        )
        title = "" if number == 3 else f"Of {subject}"
        found.append(Statute(f"S{number}", title, (f"{title} {text}{HOSTILE if number == 2 else ''}".strip(),)))
    return found


def about_it() -> About:
    claim = {
        "queries": 60,
        "label": "clean: held out",
        "methods": {
            "bm25": {"ndcg_at_10": 0.12187, "low": 0.07, "high": 0.17},
            "untrained": {"ndcg_at_10": 0.2223, "low": 0.149, "high": 0.298},
            "finetuned": {"ndcg_at_10": 0.43451, "low": 0.36279, "high": 0.50638},
        },
        "gain": {"mean": 0.21221, "low": 0.1428, "high": 0.28216},
    }
    corpus = {"source": "constitution", "address": "pypi:x", "revision": "1", "license": "apache-2.0"}
    return About(
        "lexfit-<small>", "org/base", "apache-2.0", "Task", "holdout", 42, "clean: held out", True, 0.95, claim, None,
        corpus, "Article", "statutes of <b>Task</b>",
    )  # fmt: skip


def example_cases() -> list[Example]:
    return [
        Example("x1", "A theft", "He took goods by theft from a house and was arrested.", ("S2", "S14"), False),
        Example("x2", "A school", "The schools of the district were closed before both sides were heard.", (), False),
    ]


@pytest.fixture(scope="session")
def models(tiny_model: Path) -> tuple[SentenceTransformer, SentenceTransformer]:
    """A model and another with other weights."""
    import torch
    from sentence_transformers import SentenceTransformer

    base, tuned = (SentenceTransformer(str(tiny_model), device="cpu").eval() for _ in range(2))
    generator = torch.Generator().manual_seed(3)
    for parameter in tuned.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    return base, tuned


@pytest.fixture(scope="session")
def demo(models: tuple[SentenceTransformer, SentenceTransformer]) -> SideBySide:
    base, tuned = models
    return SideBySide(Bm25(statutes()), Dense(base, statutes()), Dense(tuned, statutes()))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="session")
def served(demo: SideBySide) -> Iterator[str]:
    """Address of the page; skipped, saying so, where Gradio isn't installed."""
    if importlib.util.find_spec("gradio") is None:
        pytest.skip("gradio absent: pip install -r requirements-demo.lock")
    from lexfit.demo.page import build_page, launch_options

    os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    page = build_page(demo, about_it(), example_cases())
    port = free_port()
    page.launch(server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, **launch_options())
    yield f"http://127.0.0.1:{port}"
    page.close(verbose=False)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's Chromium; skipped, saying so, where it or Playwright isn't installed."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium absent: apt-get install chromium")
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright absent: pip install -r requirements-browser.lock")
    return found


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A finished run with the project's situations beside it; skipped, saying so, where Gradio isn't installed."""
    if importlib.util.find_spec("gradio") is None:
        pytest.skip("gradio absent: pip install -r requirements-demo.lock")
    root = finished_run(tmp_path_factory.mktemp("demo") / "project", tiny_model, ZERO_SHOT).root
    (root / SITUATIONS).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(REPO / SITUATIONS, root / SITUATIONS)
    return root


@pytest.fixture
def in_run(run: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(run)
    return run
