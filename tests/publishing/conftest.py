"""A Hub on localhost, and huggingface_hub pointed at it without its offline mode."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _http, close_session

from tests.publishing.hub_server import Hub, running_hub


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """huggingface_hub online, over plain LFS; its pauses between tries are listed instead of waited for."""
    waited: list[float] = []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setattr(_http, "time", SimpleNamespace(sleep=waited.append))
    close_session()
    yield waited
    close_session()


@pytest.fixture
def hub(waits: list[float]) -> Iterator[Hub]:
    """An empty Hub with one organisation, `org`."""
    del waits
    with running_hub() as server:
        yield server
