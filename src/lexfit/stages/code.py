"""Stage code: the hashes of the modules that each stage runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lexfit.imports import SOURCE
from lexfit.stage_code import CODE, code_of
from lexfit.stages.common import replacing, run_stage

if TYPE_CHECKING:
    from lexfit.config import Params

OWN = {"__init__", "code", "common"}


def main(params: Params) -> None:
    """Write data/code/STAGE.sha256 for every stage but this one."""
    stages = sorted({file.stem for file in (SOURCE / "lexfit/stages").glob("*.py")} - OWN)
    with replacing(CODE) as target:
        for stage in stages:
            (target / f"{stage}.sha256").write_text(code_of(stage), encoding="utf-8")


if __name__ == "__main__":
    run_stage("code", main)
