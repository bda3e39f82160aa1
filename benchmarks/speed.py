"""lexfit against sentence-transformers' trainer as it comes: time to the same score, and steps of like with like."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.aila import RESULTS, machine
from benchmarks.measured import measure

RECIPE = [
    "loss=corpus_softmax",
    "batches=full",
    "negatives=none",
    "train=corpus",
    "train.scheduler=constant_with_warmup",
]
PAIRWISE = ["loss=masked_mnrl", "train.max_seq_length=256"]
FOLD = 0


def say(text: str) -> None:
    """Print at once: a benchmark runs for minutes."""
    print(text, flush=True)


def outcome(found: dict[str, Any]) -> dict[str, Any]:
    """A measurement as the results file keeps it."""
    per_query = found.pop("per_query")
    return {**found, "ndcg_at_10": round(mean(per_query["1.0"].values()), 5)}


def to_the_same_score(dtype: str) -> dict[str, Any]:
    """CPU time of the stock recipe, and of lexfit from a cold start until its score on the fold is as high.

    The schedule has a constant rate, so training for n epochs is the first n of a longer training.
    """
    stock_spec = {
        "overrides": [f"hardware={dtype}"],
        "fold": FOLD,
        "top_layers": None,
        "epochs": 3,
        "learning_rate": 2e-5,
    }
    with tempfile.TemporaryDirectory() as cache:
        stock = outcome(measure("stock", stock_spec, Path(cache)))
    say(f"stock recipe, full, 3 epochs, {dtype}: {stock}")
    tried = []
    for epochs in range(2, 13, 2):
        spec = {"overrides": [*RECIPE, f"train.epochs={epochs}", f"hardware={dtype}"], "fold": FOLD}
        with tempfile.TemporaryDirectory() as cache:
            tried.append({"epochs": epochs, **outcome(measure("lexfit", spec, Path(cache)))})
        say(f"lexfit, {epochs} steps, {dtype}: {tried[-1]}")
        if tried[-1]["ndcg_at_10"] >= stock["ndcg_at_10"]:
            break
    reached = tried[-1] if tried[-1]["ndcg_at_10"] >= stock["ndcg_at_10"] else None
    ratio = round(stock["cpu_seconds"] / reached["cpu_seconds"], 2) if reached else None
    return {"stock": stock, "lexfit": tried, "times_less_cpu": ratio}


def like_with_like(dtype: str, steps: int = 12) -> dict[str, Any]:
    """Steps of the same loss, batch and layers: CPU seconds a step and peak memory of both trainers."""
    common = [*PAIRWISE, "batches.negatives=0", "negatives=none", f"hardware={dtype}"]
    stock_spec = {
        "overrides": common, "fold": FOLD, "top_layers": 2, "epochs": 1, "learning_rate": 1e-4, "max_steps": steps,
    }  # fmt: skip
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as cache:
        found["stock"] = outcome(measure("stock", stock_spec, Path(cache)))
        for name, switch in (("lexfit", "true"), ("lexfit_without_trunk_cache", "false")):
            spec = {
                "overrides": [*common, "adapter=top2", "train.epochs=1", f"hardware.trunk_cache={switch}"],
                "fold": FOLD,
            }
            found[name] = outcome(measure("lexfit", spec, Path(cache)))
    for one in found.values():
        one["cpu_seconds_per_step"] = round(one["training_cpu_seconds"] / one["steps"], 3)
    stock = found["stock"]
    for name in ("lexfit", "lexfit_without_trunk_cache"):
        own = found[name]
        own["steps_per_cpu_second_to_stock"] = round(stock["cpu_seconds_per_step"] / own["cpu_seconds_per_step"], 2)
        own["peak_memory_to_stock"] = round(own["peak_mib"] / stock["peak_mib"], 3)
    say(f"like with like, {dtype}: {found}")
    return found


def main(dtypes: list[str]) -> None:
    """Run both on each hardware profile and write benchmarks/results/speed.json."""
    results: dict[str, Any] = {
        "machine": machine(),
        "fold": FOLD,
        "seed": 42,
        "model": "all-minilm-l6-v2",
        "profiles": {},
    }
    for dtype in dtypes:
        results["profiles"][dtype] = {
            "to_the_same_score": to_the_same_score(dtype),
            "like_with_like": like_with_like(dtype),
        }
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "speed.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:] or ["cpu", "cpu_bf16"])
