"""One training as a process of its own, measured by the kernel; also what that process runs.

Usage: python -m benchmarks.measured OUT {stock,lexfit,reference} SPEC, with SPEC a JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.aila import REPO, make_params, make_records, score


def measure(kind: str, spec: dict[str, Any], cache: Path) -> dict[str, Any]:
    """Run one training in a new process.

    Args:
        kind: `stock` (sentence-transformers' trainer as it comes), `lexfit`, or `reference` (no training).
        spec: `overrides`, `fold`; for `stock` also `top_layers`, `epochs`, `learning_rate`; for `reference` also `by`.
        cache: For lexfit's trunk outputs; empty for a cold start.

    Returns:
        What the process wrote, with `cpu_seconds`, `wall_seconds` and `peak_mib` of the whole process.
    """
    return run_measured("benchmarks.measured", [kind, json.dumps(spec)], {"LEXFIT_CACHE": str(cache)})


def run_measured(module: str, arguments: list[str], variables: dict[str, str]) -> dict[str, Any]:
    """Run a module as `python -m MODULE OUT ARGUMENTS`, in a new process.

    Args:
        module: Writes what it found to OUT, as JSON.
        arguments: What it gets beside OUT.
        variables: Further environment variables.

    Returns:
        What the process wrote, with `cpu_seconds`, `wall_seconds` and `peak_mib` of the whole process.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "out.json"
        path = [str(REPO / "src"), str(REPO), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, **variables, "PYTHONPATH": os.pathsep.join(path)}
        command = [sys.executable, "-m", module, str(out), *arguments]
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=scratch, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{module} {arguments} failed with status {status}")
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return {
            **found,
            "wall_seconds": round(time.perf_counter() - start, 1),
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
            "peak_mib": usage.ru_maxrss // 1024,
        }


def run_lexfit(spec: dict[str, Any]) -> dict[str, Any]:
    """Train one fold by lexfit and score its held-out queries, at each of `shares`."""
    from lexfit.training.batches import load_training_data
    from lexfit.training.scored_snapshots import score_held_out

    params = make_params(*spec["overrides"])
    records = make_records(params)
    data = load_training_data(records, params.batches, {spec["fold"]})
    held_out = [q for q in records["queries"] if q["fold"] == spec["fold"]]
    passages = {"task": {d["id"]: [d["text"]] for d in records["documents"]}}
    start = time.process_time()
    epochs = params.train.epochs
    runs, facts = score_held_out(params, data, held_out, passages, epochs=[epochs], shares=spec.get("shares", [1.0]))
    seconds = time.process_time() - start
    per_query = {
        str(share): {q: s["ndcg_at_10"] for q, s in score(records, run).items()} for (_, share), run in runs.items()
    }
    steps = epochs * facts["steps_per_epoch"]
    return {"per_query": per_query, "steps": steps, "training_cpu_seconds": round(seconds, 1)}


def run_stock(spec: dict[str, Any]) -> dict[str, Any]:
    """Train one fold as sentence-transformers' documentation does, and score its held-out queries.

    `SentenceTransformerTrainer` with `MultipleNegativesRankingLoss` on (query, positive) rows; of lexfit only the
    data and the scoring. `top_layers` freezes what lexfit freezes, for a comparison of like with like.
    """
    import torch
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer import losses

    from lexfit.evaluation.dense import dense_run
    from lexfit.model_files import model_folder
    from lexfit.training.batches import load_training_data
    from lexfit.training.layers import freeze_below

    params = make_params(*spec["overrides"])
    records = make_records(params)
    data = load_training_data(records, params.batches, {spec["fold"]})
    torch.set_num_threads(params.hardware.threads)
    model = SentenceTransformer(str(model_folder(params.model)), device="cpu")
    model.max_seq_length = 256
    if spec["top_layers"]:
        freeze_below(model[0].model, spec["top_layers"])
    start = time.process_time()
    arguments = SentenceTransformerTrainingArguments(
        output_dir=".",
        num_train_epochs=spec["epochs"],
        max_steps=spec.get("max_steps", -1),
        per_device_train_batch_size=16,
        learning_rate=spec["learning_rate"],
        warmup_steps=0.1,
        bf16=params.hardware.dtype == "bfloat16",
        use_cpu=True,
        seed=params.seed,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    rows = Dataset.from_list([{"anchor": r["anchor"], "positive": r["positive"]} for r in data.rows])
    trainer = SentenceTransformerTrainer(
        model=model, args=arguments, train_dataset=rows, loss=losses.MultipleNegativesRankingLoss(model)
    )
    trainer.train()
    seconds = time.process_time() - start
    steps = trainer.state.global_step
    trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False)  # score in float32, as from its folder
    held_out = {q["id"]: q["text"] for q in records["queries"] if q["fold"] == spec["fold"]}
    run = dense_run(model, held_out, {d["id"]: [d["text"]] for d in records["documents"]}, 32)
    per_query = {"1.0": {q: s["ndcg_at_10"] for q, s in score(records, run).items()}}
    return {"per_query": per_query, "steps": steps, "training_cpu_seconds": round(seconds, 1)}


def run_reference(spec: dict[str, Any]) -> dict[str, Any]:
    """Rank a fold's queries without training: by `untrained`, `bm25`, or `frequency` of a statute in the other folds.

    Frequency reads no text at all. With fifty queries and a few statutes that many cite, it is the reference that a
    model trained on the labels has to beat.
    """
    from lexfit.evaluation.dense import dense_run
    from lexfit.evaluation.runs import bm25_run
    from lexfit.training.base_models import load_base_model, prepare_torch

    params = make_params(*spec["overrides"])
    records = make_records(params)
    queries = {q["id"]: q["text"] for q in records["queries"] if q["fold"] == spec["fold"]}
    passages = {d["id"]: [d["text"]] for d in records["documents"]}
    if spec["by"] == "frequency":
        counts = Counter(d for q in records["queries"] if q["fold"] != spec["fold"] for d in q["positives"])
        run = {q: {d: float(counts[d]) for d in passages} for q in queries}
    elif spec["by"] == "bm25":
        run = bm25_run(queries, passages)
    else:
        prepare_torch(params.hardware, params.seed)
        run = dense_run(load_base_model(params.model, params.hardware, params.runtime), queries, passages, 32)
    per_query = {"1.0": {q: s["ndcg_at_10"] for q, s in score(records, run).items()}}
    return {"per_query": per_query, "steps": 0, "training_cpu_seconds": 0.0}


def main(out: str, kind: str, spec: str) -> None:
    """Run one training and write what it found."""
    found = {"stock": run_stock, "lexfit": run_lexfit, "reference": run_reference}[kind](json.loads(spec))
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
