#!/usr/bin/env bash
# The FIRE 2019 AILA task 2 protocol: train on AILA_Q1-Q10, test on Q11-Q50 over all 197 statutes.
# Usage: LEXFIT_AILA_FIRE=/path/to/AILA_2019_dataset.zip runs/fire2019.sh
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
dvc exp run --name "${NAME:-fire2019}" -S data=aila_fire -S protocol=fire2019 "$@"
lexfit summary
dvc metrics show
