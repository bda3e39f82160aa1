#!/usr/bin/env bash
# H100: Qwen3-Embedding-0.6B with LoRA on a bf16 base.
# Usage: runs/h100.sh [more overrides]; LEXFIT_AILA_FIRE names the FIRE release, otherwise Zenodo is asked.
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
dvc exp run --name "${NAME:-h100}" -S data=aila_fire -S protocol=kfold -S hardware=h100 -S model=qwen3-embedding-0.6b -S adapter=lora -S 'adapter.target_modules=[all-linear]' "$@"
lexfit summary
