"""Trainings as one of several processes, or alone: writes each one's weights and curve.

Usage: python -m tests.training.run_shared MODEL OUT CASE … with RANK, WORLD_SIZE and MASTER_PORT as a launcher sets
them, or without. Case number n meets on port MASTER_PORT + n.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import yaml
from safetensors.torch import save_file

from lexfit.compose import compose
from lexfit.config import parse_params
from lexfit.launch import SharedWorkDone
from lexfit.training import trainer
from tests.conftest import REPO
from tests.training.test_trainer import make_data

COMMON = [
    "runtime.progress=false", "hardware.threads=1", "train.learning_rate=0.005", "batches.size=4", "train.epochs=2",
]  # fmt: skip
CASES = {
    "pairs": ["adapter=full"],
    "few": ["adapter=full", "hardware.chunk=1"],
    "cached": ["adapter=full", "hardware.gradient_cache=true", "hardware.chunk=3"],
    "corpus": ["adapter=full", "loss=corpus_softmax", "batches=full", "batches.size=3", "train.average_epochs=2"],
    "remembered": [
        "adapter=full",
        "loss=corpus_softmax",
        "batches=full",
        "batches.size=3",
        "batches.refresh_documents=2",
    ],
    "online": ["adapter=top2", "adapter.top_layers=1", "batches=online", "batches.size=3", "batches.remine_every=2"],
    "lora": ["adapter=lora", "adapter.dropout=0", "train.interpolation=0.5"],
    "alone": ["adapter=full", "batches.size=7", "batches.negatives=0"],  # the second step has one pair
    "early": ["adapter=top2", "adapter.top_layers=1", "train.early_stopping=2"],
}


def main(model: str, out: str, *cases: str) -> None:
    """Train each case; process 0 writes OUT/CASE.safetensors and OUT/CASE.json."""
    launch = {name: os.environ[name] for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE") if name in os.environ}
    port = int(os.environ.get("MASTER_PORT", "0"))
    for number, case in enumerate(cases):
        os.environ.update(launch, MASTER_PORT=str(port + number))
        text = compose([f"model.path={model}", *COMMON, *CASES[case]], REPO / "conf")
        params = parse_params(yaml.safe_load(text))
        data = make_data(inner=params.train.early_stopping is not None)
        try:
            trained = trainer.fine_tune(params, data, Path(out) / "live" / case)
        except SharedWorkDone:
            continue
        state = {name: tensor.contiguous().clone() for name, tensor in trained.model.state_dict().items()}
        save_file(state, Path(out) / f"{case}.safetensors")
        (Path(out) / f"{case}.json").write_text(json.dumps(trained.curve))


if __name__ == "__main__":
    main(*sys.argv[1:])
