#!/usr/bin/env bash
# AILAStatutes by five-fold cross-validation over its 50 queries, by the selected recipe, on a CPU.
# Usage: LEXFIT_AILA_FIRE=/path/to/AILA_2019_dataset.zip runs/aila_kfold.sh   (without it, Zenodo is asked)
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
dvc exp run --name "${NAME:-aila-kfold}" -S experiment=aila_kfold "$@"
lexfit summary
