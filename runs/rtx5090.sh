#!/usr/bin/env bash
# RTX 5090 (32 GB): Qwen3-Embedding-0.6B under QLoRA (4-bit NF4 base, LoRA on every linear layer).
# Usage: runs/rtx5090.sh [more overrides]; LEXFIT_AILA_FIRE names the FIRE release, otherwise Zenodo is asked.
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
dvc exp run --name "${NAME:-rtx5090}" -S data=aila_fire -S protocol=kfold -S hardware=rtx5090 -S model=qwen3-embedding-0.6b -S adapter=lora -S 'adapter.target_modules=[all-linear]' "$@"
lexfit summary
