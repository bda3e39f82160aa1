"""What each method adds, out of fold on AILA: the score with its interval, and the CPU seconds of all folds."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.aila import RESULTS, machine, make_params
from benchmarks.measured import measure
from benchmarks.speed import PAIRWISE, RECIPE, say
from lexfit.evaluation.significance import mean_interval

RATE, EPOCHS = 2e-4, 2
PAIRS = [*PAIRWISE, f"train.epochs={EPOCHS}", f"train.learning_rate={RATE}", "adapter=top2"]
STOCK = {"top_layers": 2, "epochs": EPOCHS, "learning_rate": RATE}
WINDOWS = [
    *RECIPE,
    "adapter=top2",
    f"train.learning_rate={RATE}",
    "train.epochs=10",
    "train.schedule_epochs=12",
    "batches.windows=3",
    "train.average_epochs=3",
]
# Name, kind, what the process gets beside the fold, and the interpolation that is reported.
ROWS: list[tuple[str, str, dict[str, Any], str]] = [
    ("untrained", "reference", {"overrides": [], "by": "untrained"}, "1.0"),
    ("BM25", "reference", {"overrides": [], "by": "bm25"}, "1.0"),
    ("how often the other folds cite a statute (no text)", "reference", {"overrides": [], "by": "frequency"}, "1.0"),
    ("pairs, in-batch negatives (sentence-transformers' trainer)", "stock", {"overrides": [], **STOCK}, "1.0"),
    ("+ known positives masked", "lexfit", {"overrides": [*PAIRS, "negatives=none", "batches.negatives=0"]}, "1.0"),
    ("+ mined negatives (BM25)", "lexfit", {"overrides": [*PAIRS, "negatives=bm25", "batches.negatives=1"]}, "1.0"),
    ("corpus softmax", "lexfit", {"overrides": [*RECIPE, "adapter=top2"], "shares": [0.75, 1.0]}, "1.0"),
    ("+ interpolation 0.75", "lexfit", {"overrides": [*RECIPE, "adapter=top2"], "shares": [0.75, 1.0]}, "0.75"),
    ("corpus softmax, windows of long queries, mean of the last three steps", "lexfit", {"overrides": WINDOWS}, "1.0"),
]
FILE = RESULTS / "ablation.json"


def main(seeds: list[int], dtype: str) -> None:
    """Run every row over five folds and each seed; write benchmarks/results/ablation.json.

    Rows that the file has, measured by the same spec, seeds and arithmetic, are kept: delete it to measure all anew.
    """
    evaluation = make_params().evaluation
    done: dict[str, dict[str, Any]] = {}
    rows: list[dict[str, Any]] = []
    before = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"rows": []}
    same = before.get("seeds") == seeds and before.get("hardware") == dtype
    kept = {(row["method"], row["spec"]): row for row in before["rows"]} if same else {}
    for name, kind, spec, share in ROWS:
        key = json.dumps([kind, spec])
        if (name, key) in kept:
            rows.append(kept[name, key])
            continue
        if key not in done:
            scores: dict[int, dict[str, dict[str, float]]] = {}
            seconds, steps = 0.0, 0
            for seed in seeds:
                with tempfile.TemporaryDirectory() as cache:  # cold at first, shared by the folds
                    for fold in range(5):
                        overrides = [*spec["overrides"], f"hardware={dtype}", f"seed={seed}"]
                        found = measure(kind, {**spec, "overrides": overrides, "fold": fold}, Path(cache))
                        seconds += found["cpu_seconds"]
                        steps = max(steps, found["steps"])
                        for own, per_query in found["per_query"].items():
                            scores.setdefault(seed, {}).setdefault(own, {}).update(per_query)
            done[key] = {"scores": scores, "cpu_seconds": round(seconds / len(seeds), 1), "steps": steps}
        scores = done[key]["scores"]
        queries = sorted(scores[seeds[0]][share])
        averaged = [mean(scores[seed][share][q] for seed in seeds) for q in queries]
        interval = mean_interval(averaged, evaluation, seeds[0])
        untrained = rows[0]["per_query"] if rows else dict(zip(queries, averaged, strict=True))
        differences = [value - untrained[q] for q, value in zip(queries, averaged, strict=True)]
        gain = mean_interval(differences, evaluation, seeds[0])
        rows.append(
            {
                "method": name,
                "spec": key,
                "ndcg_at_10": round(interval.mean, 5),
                "low": round(interval.low, 5),
                "high": round(interval.high, 5),
                "gain": {"mean": round(gain.mean, 5), "low": round(gain.low, 5), "high": round(gain.high, 5)},
                "by_seed": {str(s): round(mean(scores[s][share].values()), 5) for s in seeds},
                "cpu_seconds_of_five_folds": done[key]["cpu_seconds"],
                "steps_a_fold": done[key]["steps"],
                "per_query": {q: round(value, 6) for q, value in zip(queries, averaged, strict=True)},
            }
        )
        say(f"{ {k: v for k, v in rows[-1].items() if k != 'per_query'} }")
        results = {
            "machine": machine(), "hardware": dtype, "seeds": seeds, "model": "all-minilm-l6-v2", "folds": 5,
            "protocol": "kfold", "queries": len(queries), "rows": rows,
        }  # fmt: skip
        RESULTS.mkdir(exist_ok=True)
        FILE.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or [42, 43, 44], "cpu_bf16")
