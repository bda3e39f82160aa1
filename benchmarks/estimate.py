"""`lexfit estimate` against the peak memory that the kernel counted for real trainings on this CPU.

Each is measured twice: with freed memory returned to the system (`LEXFIT_RETURN_MEMORY`), where a process holds its
tensors and little else, and as trainings run by default, where what is freed is kept in pieces for speed.

Models: all-MiniLM-L6-v2 as it comes; BERT-base, SmolLM2-135M and Qwen3-Embedding-0.6B with random weights of their real
shapes, the last in bfloat16. Half an hour on two cores, most of it for the last.
Usage: python -m benchmarks.estimate [MODEL | MODEL/MODE …]; what was measured of others before stays.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.aila import RESULTS, machine, make_params
from benchmarks.estimated import DOCUMENTS, QUERIES, STEPS
from benchmarks.measured import run_measured

COMMON = [
    "loss=corpus_softmax", "batches=full", "batches.size=16", "negatives=none", "train=corpus",
    f"train.max_steps={STEPS}", "train.epochs=2", "hardware.trunk_cache=false", "runtime.progress=false",
]  # fmt: skip
CASES = {
    "all-minilm-l6-v2": {
        "full, one piece": ["adapter=full", "hardware.chunk=64"],
        "full, cached gradient": ["adapter=full", "hardware.gradient_cache=true", "hardware.chunk=8"],
        "full, checkpointing": ["adapter=full", "hardware.gradient_checkpointing=true", "hardware.chunk=64"],
        "top two layers": ["adapter=top2", "hardware.chunk=64"],
    },
    "legal-bert": {
        "full, cached gradient": ["adapter=full", "hardware.gradient_cache=true", "hardware.chunk=8"],
        "LoRA": ["adapter=lora", "adapter.target_modules=[all-linear]", "adapter.dropout=0", "hardware.chunk=64"],
    },
    "smollm2-135m": {
        "LoRA, cached gradient": [
            "adapter=lora", "adapter.target_modules=[all-linear]", "adapter.dropout=0", "hardware=cpu",
            "hardware.gradient_cache=true", "hardware.chunk=4", "train.max_seq_length=256",
        ],
        "QLoRA, checkpointing": [
            "adapter=lora", "adapter.target_modules=[all-linear]", "adapter.dropout=0", "hardware=cpu",
            "hardware.quantization=nf4", "hardware.gradient_checkpointing=true", "hardware.chunk=4",
            "train.max_seq_length=256",
        ],
    },
    "qwen3-embedding-0.6b": {
        "LoRA, cached gradient": [
            "adapter=lora", "adapter.target_modules=[all-linear]", "adapter.dropout=0", "hardware=cpu_bf16",
            "hardware.gradient_cache=true", "hardware.chunk=4",
        ],
        "QLoRA, checkpointing": [
            "adapter=lora", "adapter.target_modules=[all-linear]", "adapter.dropout=0", "hardware=cpu_bf16",
            "hardware.quantization=nf4", "hardware.gradient_checkpointing=true", "hardware.chunk=4",
        ],
    },
}  # fmt: skip


def random_model(name: str, folder: Path) -> Path:
    """A model of the real shape, weights at random, with a tokenizer whose vocabulary fits."""
    import torch
    from transformers import AutoModel

    from lexfit.estimate.shapes import config_of
    from lexfit.model_files import model_folder

    params = make_params(f"model={name}")
    torch.manual_seed(0)
    dtype = getattr(torch, params.model.dtype)
    AutoModel.from_config(config_of(params.model), dtype=dtype).save_pretrained(folder)
    own = model_folder(make_params().model)
    assert own is not None
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(own)
    tokenizer.eos_token = tokenizer.sep_token
    tokenizer.save_pretrained(folder)
    return folder


def asked(arguments: list[str]) -> dict[str, dict[str, list[str]]]:
    """The cases that are named as MODEL or MODEL/MODE; all where none is."""
    chosen = {
        name: {mode: own for mode, own in modes.items() if not arguments or {name, f"{name}/{mode}"} & set(arguments)}
        for name, modes in CASES.items()
    }
    return {name: modes for name, modes in chosen.items() if modes}


def main() -> None:
    """Measure every case, print it, and write results/estimate.json."""
    from lexfit.estimate.page import Asked, estimate
    from lexfit.training.freed_memory import RETURN_MEMORY

    file = RESULTS / "estimate.json"
    known = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.exists() else []
    wanted = asked(sys.argv[1:])
    rows: list[dict[str, Any]] = [row for row in known if row["mode"] not in wanted.get(row["model"], {})]
    for name, modes in wanted.items():
        with tempfile.TemporaryDirectory() as scratch:
            folder = "" if name == "all-minilm-l6-v2" else str(random_model(name, Path(scratch)))
            for mode, own in modes.items():
                overrides = [f"model={name}", *COMMON, *own]
                found = estimate(make_params(*overrides), Asked(QUERIES, DOCUMENTS))
                measured = {}
                for kept in ("returned", "kept"):
                    with tempfile.TemporaryDirectory() as cache:
                        environment = {"LEXFIT_CACHE": cache, **({RETURN_MEMORY: "1"} if kept == "returned" else {})}
                        done = run_measured("benchmarks.estimated", [json.dumps(overrides), folder], environment)
                        measured[kept] = done["peak_mib"]
                estimated = found["bytes"]["total"] / 2**20
                row = {
                    "model": name,
                    "mode": mode,
                    "estimated_mib": round(estimated),
                    "measured_mib": measured["returned"],
                    "measured_where_freed_memory_is_kept_mib": measured["kept"],
                    "ratio": round(estimated / measured["returned"], 3),
                    "parts_mib": {part: round(size / 2**20) for part, size in found["bytes"].items()},
                }
                rows.append(row)
                print(json.dumps(row), flush=True)
        rows.sort(key=lambda row: (list(CASES).index(row["model"]), list(CASES[row["model"]]).index(row["mode"])))
        text = json.dumps({"machine": machine(), "rows": rows}, indent=2) + "\n"
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
