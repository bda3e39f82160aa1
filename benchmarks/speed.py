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
# Under warm-up the first step's rate is 0: of a training of two or three steps that would be one step for nothing.
SHORT = [*RECIPE, "train.warmup_ratio=0.0"]
PAIRWISE = ["loss=masked_mnrl", "train.max_seq_length=256"]
FOLD = 0
STOCK = {"top_layers": None, "epochs": 3, "learning_rate": 2e-5}


def say(text: str) -> None:
    """Print at once: a benchmark runs for minutes."""
    print(text, flush=True)


def outcome(found: dict[str, Any]) -> dict[str, Any]:
    """A measurement as the results file keeps it."""
    per_query = found.pop("per_query")
    return {**found, "ndcg_at_10": round(mean(per_query["1.0"].values()), 5)}


def to_the_same_score(profiles: list[str]) -> dict[str, Any]:
    """CPU time of the stock recipe, and of lexfit from a cold start until its score on the fold is as high.

    The schedule has a constant rate, so training for n epochs is the first n of a longer training.

    Args:
        profiles: Hardware profiles that lexfit is measured under; the stock recipe is float32, as it comes.
    """
    spec: dict[str, Any] = {"overrides": ["hardware=cpu"], "fold": FOLD, **STOCK}
    with tempfile.TemporaryDirectory() as cache:
        stock = outcome(measure("stock", spec, Path(cache)))
    say(f"stock recipe, full, 3 epochs: {stock}")
    found: dict[str, Any] = {"stock": stock, "lexfit": {}}
    for profile in profiles:
        tried: list[dict[str, Any]] = []
        while not tried or (tried[-1]["ndcg_at_10"] < stock["ndcg_at_10"] and len(tried) < 12):
            epochs = 1 + len(tried)
            overrides = [*SHORT, f"train.epochs={epochs}", f"hardware={profile}"]
            with tempfile.TemporaryDirectory() as cache:
                tried.append(outcome(measure("lexfit", {"overrides": overrides, "fold": FOLD}, Path(cache))))
            say(f"lexfit, {epochs} steps, {profile}: {tried[-1]}")
        reached = tried[-1]["ndcg_at_10"] >= stock["ndcg_at_10"]
        ratio = round(stock["cpu_seconds"] / tried[-1]["cpu_seconds"], 2) if reached else None
        found["lexfit"][profile] = {"tried": tried, "times_less_cpu": ratio}
    return found


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


def main(profiles: list[str]) -> None:
    """Run both and write benchmarks/results/speed.json."""
    results: dict[str, Any] = {"machine": machine(), "fold": FOLD, "seed": 42, "model": "all-minilm-l6-v2"}
    results["to_the_same_score"] = to_the_same_score(profiles)
    results["like_with_like"] = {"cpu": like_with_like("cpu")}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "speed.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:] or ["cpu_bf16", "cpu"])
