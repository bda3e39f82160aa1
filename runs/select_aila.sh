#!/usr/bin/env bash
# Selection of the AILA recipe by nested cross-validation: a grid of dvc experiments, each under three seeds (which draw
# the folds), then `lexfit select`. About NN minutes on two cores; a killed run goes on where it was.
# Usage: LEXFIT_AILA_FIRE=/path/to/AILA_2019_dataset.zip runs/select_aila.sh [NAME]
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
common=(-S data=aila_fire -S protocol=kfold -S negatives=none -S loss=corpus_softmax -S batches=full
  -S train=corpus -S hardware=cpu_bf16)
dvc exp run --queue nested@scores -S selection=nested "${common[@]}" -S adapter=top2 -S train.learning_rate=1e-4 -S 'seed=42,43,44'
dvc exp run --queue nested@scores -S selection=nested "${common[@]}" -S adapter=top1 -S train.learning_rate=2e-4 -S 'seed=42,43,44'
dvc queue start --jobs 1
while dvc queue status | grep -qE 'Queued|Running'; do sleep 10; done
lexfit select --name "${1:-aila_selected}"
