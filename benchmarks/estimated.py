"""A few steps of one training on long texts, as a process of its own; BASE stops before training.

Usage: python -m benchmarks.estimated OUT OVERRIDES FOLDER, with OVERRIDES a JSON list and FOLDER a model's or "".
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

from benchmarks.aila import make_params

QUERIES, DOCUMENTS, STEPS = 8, 24, 2


def long_records() -> dict[str, list[dict[str, Any]]]:
    """Queries and documents of so many words that each is cut at the model's length."""
    rng = random.Random(0)
    words = [f"{a}{b}" for a in ("law", "court", "act", "murder", "theft", "state") for b in ("", "s", "ly", "ing")]

    def text() -> str:
        return " ".join(rng.choices(words, k=600))

    return {
        "queries": [
            {"id": f"q{i}", "source": "task", "clean_text": text(), "positives": [f"d{i}"], "fold": i % 4}
            for i in range(QUERIES)
        ],
        "documents": [{"id": f"d{i}", "source": "task", "passages": [text()]} for i in range(DOCUMENTS)],
        "pairs": [{"query_id": f"q{i}", "doc_id": f"d{i}", "score": 1} for i in range(QUERIES)],
        "negatives": [],
    }


def main(out: str, overrides: str, folder: str) -> None:
    """Train, and write how many steps that took."""
    from lexfit.training.batches import load_training_data
    from lexfit.training.trainer import fine_tune

    path = [f"model.path={folder}", "model.package=null", "model.gguf_file=null"] if folder else []
    params = make_params(*json.loads(overrides), *path)
    data = load_training_data(long_records(), params.batches, set())
    trained = fine_tune(params, data, Path("live"))
    Path(out).write_text(json.dumps({"steps": len(trained.curve)}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
