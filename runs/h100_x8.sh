#!/usr/bin/env bash
# Eight H100 in one machine: Qwen3-Embedding-8B with LoRA on a bf16 base; the GPUs share the texts of each step.
# Usage: runs/h100_x8.sh [more overrides], `-S hardware=a100_80_x8` on A100; LEXFIT_AILA_FIRE names the FIRE release, otherwise
# Zenodo is asked.
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
dvc exp run --name "${NAME:-h100-x8}" -S data=aila_fire -S protocol=kfold -S hardware=h100_x8 -S model=qwen3-embedding-8b -S adapter=lora -S 'adapter.target_modules=[all-linear]' "$@"
lexfit summary
