"""What doesn't fit is told which settings change that, and they do."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from lexfit.__main__ import main
from lexfit.config import Params
from lexfit.estimate.advice import GIB, changes, overhead, remedy
from lexfit.estimate.page import Asked, estimate, page
from lexfit.estimate.simulation import Step, simulate
from tests.conftest import REPO

Make = Callable[..., Params]


def test_the_remedy_is_enough_and_less_is_not(make_params: Make) -> None:
    params, step = make_params("adapter=full", "hardware.chunk=16"), Step(64, 128)
    least = simulate(params, step).total + overhead("cpu")
    assert remedy(params, step, least - 100 * 2**20)[0] == "hardware.gradient_cache=true"
    settings = remedy(params, step, least - 100 * 2**20)
    changed = make_params("adapter=full", "hardware.chunk=16", *settings)
    assert simulate(changed, step).total + overhead("cpu") <= least - 100 * 2**20
    assert remedy(params, step, 1.0) == []


def test_caching_and_checkpointing_are_never_proposed_together(make_params: Make) -> None:
    params = make_params("hardware=rtx5090", "adapter=lora")
    assert not [o for o, _ in changes(params) if o.startswith("hardware.gradient_cache")]


def test_qwen3_4b_on_an_rtx5090(make_params: Make) -> None:
    params = make_params(
        "model=qwen3-embedding-4b", "hardware=rtx5090", "adapter=lora", "adapter.target_modules=[all-linear]"
    )
    found = estimate(params, Asked(50, 197, price=0.5))
    assert found["parameters"] > 4e9
    assert found["bytes"]["weights"] < 5 * GIB
    assert found["bytes"]["total"] == sum(size for part, size in found["bytes"].items() if part != "total")
    assert found["fits"] == (found["bytes"]["total"] <= 32 * GIB)
    assert found["cost"] == pytest.approx(found["seconds"] / 3600 * 0.5)
    text = page(found)
    assert "qwen3-embedding-4b on rtx5090" in text
    assert ("fits into 32 GiB" in text) == found["fits"]
    assert "can take as much again" in text


def test_the_command_prints_what_the_function_gives(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPO)
    main(["estimate", "-S", "adapter=full", "--tokens", "64", "--memory", "0.7", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["step"]["tokens"] == 64
    assert found["fits"] is False
    main(["estimate", "-S", "adapter=full", "--tokens", "64", "--memory", "4"])
    assert "fits into 4 GiB" in capsys.readouterr().out
