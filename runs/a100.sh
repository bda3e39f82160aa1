#!/usr/bin/env bash
# A100 (40 or 80 GB): Qwen3-Embedding-0.6B with LoRA on a bf16 base.
# Usage: runs/a100.sh [more overrides], `-S hardware=a100_80` with 80 GB; LEXFIT_AILA_FIRE names the FIRE release, otherwise Zenodo is asked.
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
dvc exp run --name "${NAME:-a100}" -S data=aila_fire -S protocol=kfold -S hardware=a100_40 -S model=qwen3-embedding-0.6b -S adapter=lora -S 'adapter.target_modules=[all-linear]' "$@"
lexfit summary
