"""bfloat16 is refused where it would take a hundred times as long, and warned of where it is emulated."""

from __future__ import annotations

import os
import subprocess
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
import yaml

from lexfit.errors import LexfitError
from lexfit.processor import COMPUTING, TRAINING, check_products
from tests.conftest import REPO
from tests.imports import closure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lexfit.config import Params

AVX2: dict[str, object] = {
    "architecture": "x86_64", "avx512_bw": False, "avx512_bf16": False, "amx_bf16": False, "avx_ne_convert": False,
}  # fmt: skip
ICE_LAKE = AVX2 | {"avx512_bw": True}
NATIVE: list[dict[str, object]] = [
    ICE_LAKE | {"avx512_bf16": True},
    ICE_LAKE | {"amx_bf16": True},
    AVX2 | {"avx_ne_convert": True},
    {"architecture": "arm64"},
]


def on(monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, object]) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: MappingProxyType(capabilities))


@pytest.mark.parametrize("stage", sorted(COMPUTING | {"crossval@0"}))
def test_a_processor_without_avx_512_is_refused(
    make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    on(monkeypatch, AVX2)
    with pytest.raises(LexfitError, match=r"hardware\.dtype: is bfloat16.*no AVX-512.*`-S hardware=cpu`"):
        check_products(stage, make_params("hardware=cpu_bf16"))


@pytest.mark.parametrize("capabilities", NATIVE)
def test_a_processor_that_computes_in_bfloat16_is_not(
    make_params: Callable[..., Params],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capabilities: dict[str, object],
) -> None:
    on(monkeypatch, capabilities)
    check_products("model", make_params("hardware=cpu_bf16"))
    assert not caplog.records


@pytest.mark.parametrize(("hardware", "said"), [("cpu_bf16", 1), ("cpu", 0), ("h100", 0)])
def test_one_that_emulates_it_is_told_what_is_faster(
    make_params: Callable[..., Params],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hardware: str,
    said: int,
) -> None:
    on(monkeypatch, ICE_LAKE)
    check_products("model", make_params(f"hardware={hardware}"))
    assert [record.levelname for record in caplog.records] == ["WARNING"] * said
    assert all("neither AVX512_BF16 nor AMX" in text and "`-S hardware=cpu`" in text for text in caplog.messages)


@pytest.mark.parametrize(("stage", "hardware"), [("mteb_results", "cpu_bf16"), ("model", "cpu"), ("model", "h100")])
def test_evaluation_float32_and_gpus_are_not(
    make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch, stage: str, hardware: str
) -> None:
    on(monkeypatch, AVX2)
    check_products(stage, make_params(f"hardware={hardware}"))


def test_every_stage_that_hands_bfloat16_to_a_trainer_is_checked() -> None:
    stages = yaml.safe_load((REPO / "dvc.yaml").read_text())["stages"]
    training = {
        name for name in stages if any("bf16=" in (REPO / f).read_text() for f in closure(f"lexfit.stages.{name}"))
    }
    assert training == TRAINING


def test_the_rule_is_that_of_pytorch_on_this_processor(make_params: Callable[..., Params]) -> None:
    import torch

    if torch.cpu.get_capabilities()["architecture"] != "x86_64":
        pytest.skip("asked about on x86 alone")
    try:
        check_products("model", make_params("hardware=cpu_bf16"))
    except LexfitError:
        assert not torch.ops.mkldnn._is_mkldnn_bf16_supported()
    else:
        assert torch.ops.mkldnn._is_mkldnn_bf16_supported()


def test_a_stage_stops_before_it_reads_anything(tmp_path: Path) -> None:
    """In a process of its own, where the processor is another one."""
    other = f"import torch; torch.cpu.get_capabilities = lambda: {AVX2!r}"
    code = f"{other}\nimport runpy; runpy.run_module('lexfit.stages.audit', run_name='__main__')"
    params = subprocess.run(
        [sys.executable, "-m", "lexfit", "compose", "--print", "hardware=cpu_bf16"],
        capture_output=True, text=True, check=True, cwd=REPO,
    ).stdout  # fmt: skip
    (tmp_path / "params.yaml").write_text(params)
    command = [sys.executable, "-c", code]
    environment = {name: value for name, value in os.environ.items() if name != "DVC_STAGE"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == 1
    assert done.stderr.startswith("\nERROR in stage audit\n  params.yaml: hardware.dtype: is bfloat16")
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]
