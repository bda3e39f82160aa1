"""Each stage depends on the hashes of its own code; data stages never import torch."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.conftest import REPO

STAGES: dict[str, Any] = yaml.safe_load((REPO / "dvc.yaml").read_text())["stages"]
PIPELINE: dict[str, Any] = {name: definition.get("do", definition) for name, definition in STAGES.items()}


@pytest.mark.parametrize("stage", sorted(PIPELINE.keys() - {"code"}))
def test_each_stage_depends_on_its_own_code(stage: str) -> None:
    definition = PIPELINE[stage]
    assert re.search(r"-m lexfit\.stages\.(\w+)", definition["cmd"]).group(1) == stage  # type: ignore[union-attr]
    assert [dep for dep in definition["deps"] if dep.startswith("data/code")] == [f"data/code/{stage}.sha256"]
    assert not [dep for dep in definition["deps"] if dep.endswith(".py")]


@pytest.mark.parametrize("stage", PIPELINE)
def test_params_read_by_the_stage_are_tracked(stage: str) -> None:
    source = (REPO / f"src/lexfit/stages/{stage}.py").read_text()
    sections = set(re.findall(r"params\.([a-z_]+)", source)) - {"runtime", "yaml"}
    tracked = {key.split(".")[0] for key in PIPELINE[stage].get("params", [])}
    assert sections <= tracked


def test_no_stage_tracks_runtime() -> None:
    assert not [s for s, d in PIPELINE.items() for key in d.get("params", []) if key.startswith("runtime")]


@pytest.mark.parametrize(
    "stage",
    [
        "synthetic",
        "raw",
        "clean",
        "pairs",
        "audit",
        "negatives",
        "adapt",
        "pretrain",
        "crossval_summary",
        "figures",
        "retention_base",
        "retention",
        "exports",
        "exports_speed",
    ],
)
def test_data_stages_start_without_torch(stage: str) -> None:
    code = f"import sys, lexfit.stages.{stage}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPO)
    assert done.stdout.strip() == "False"
