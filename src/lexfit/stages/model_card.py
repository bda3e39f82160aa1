"""Stage model_card: write the card from the run's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lexfit.io import read_json, write_text
from lexfit.publishing.card import render_card
from lexfit.publishing.provenance import commit_of_inputs, dvc_hashes
from lexfit.stages.common import (
    ADAPTED,
    CLEAN,
    EVAL,
    EXPORTS,
    EXPORTS_SPEED,
    MODEL,
    NEGATIVES,
    PRETRAINED,
    RAW,
    REPORTS,
    RESULTS,
    run_stage,
)

if TYPE_CHECKING:
    from lexfit.config import Params


def card_facts(params: Params) -> dict[str, Any]:
    """What the card says of the run, from the run's files."""
    sources = {"task": read_json(RAW / "task" / "source.json")}
    for name in sorted(params.data.train):
        sources[name] = read_json(RAW / "further" / name / "source.json")
    return {
        "scores": read_json(RESULTS / "scores.json"),
        "sources": sources,
        "clean": read_json(CLEAN / "summary.json"),
        "pairs": read_json(EVAL / "summary.json"),
        "audit": read_json(REPORTS / "audit.json"),
        "negatives": read_json(NEGATIVES / "summary.json"),
        "adaptation": read_json(ADAPTED / "summary.json"),
        "pretraining": read_json(PRETRAINED / "summary.json"),
        "model": read_json(MODEL / "summary.json"),
        "exports": read_json(EXPORTS / "summary.json"),
        "speeds": read_json(EXPORTS_SPEED),
        "commit": commit_of_inputs(),
        "hashes": dvc_hashes(),
    }


def main(params: Params) -> None:
    """Write reports/model_card.md."""
    write_text(REPORTS / "model_card.md", render_card(params, card_facts(params)))


if __name__ == "__main__":
    run_stage("model_card", main)
