"""dvc.yaml lists exactly the code that each stage runs; data stages never import torch."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.conftest import REPO
from tests.imports import closure

STAGES: dict[str, Any] = yaml.safe_load((REPO / "dvc.yaml").read_text())["stages"]
PIPELINE: dict[str, Any] = {name: definition.get("do", definition) for name, definition in STAGES.items()}
# What only reads files, reports errors and writes files changes no result.
PLUMBING = {
    f"src/lexfit/{name}"
    for name in (
        "cache.py",
        "corpus/sources/options.py",
        "config.py",
        "config_data.py",
        "config_evaluation.py",
        "config_second_stage.py",
        "config_training.py",
        "energy.py",
        "errors.py",
        "gguf_header.py",
        "integrity.py",
        "io.py",
        "jsonl.py",
        "launch.py",
        "model_checks.py",
        "processor.py",
        "rows.py",
        "rules.py",
        "rules_second_stage.py",
        "rules_training.py",
        "selection/texts.py",
        "stages/common.py",
        "typed.py",
        "yaml_files.py",
    )
}


def is_empty_package(path: str) -> bool:
    return path.endswith("__init__.py") and len((REPO / path).read_text().splitlines()) < 3


@pytest.mark.parametrize("stage", PIPELINE)
def test_code_dependencies_are_the_transitive_imports(stage: str) -> None:
    listed = {dep for dep in PIPELINE[stage]["deps"] if dep.endswith(".py")}
    needed = {path for path in closure(f"lexfit.stages.{stage}") - PLUMBING if not is_empty_package(path)}
    assert listed == needed


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
