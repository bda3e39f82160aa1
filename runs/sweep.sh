#!/usr/bin/env bash
# A grid as queued experiments, one after another; data stages and baselines come from the cache.
# Usage: runs/sweep.sh [overrides]; compare with `dvc exp show`.
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
dvc exp run --queue -S 'train.learning_rate=5e-5,1e-4,2e-4' -S 'loss.temperature=0.05,0.1' "$@"
dvc queue start --jobs 1
dvc queue status
