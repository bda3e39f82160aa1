#!/usr/bin/env bash
# Selection of the AILA recipe by nested cross-validation: members of a grid as dvc experiments, each under three seeds
# (which draw the folds), then `lexfit select`. A member takes 15 trainings a seed, about 10 minutes on two cores with
# AVX512_BF16; its interpolations with the base weights come with it. A killed run goes on where it was.
# Usage: LEXFIT_AILA_FIRE=/path/to/AILA_2019_dataset.zip runs/select_aila.sh [NAME [OVERRIDES of one more member …]]
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
name=${1:-aila_kfold}
shift || true
common=(-S selection=nested -S data=aila_fire -S protocol=kfold -S hardware=cpu_bf16 -S 'seed=42,43,44')
recipe=(-S loss=corpus_softmax -S batches=full -S negatives=none -S train=corpus)

dvc exp run --queue nested@scores "${common[@]}" "${recipe[@]}"
if [ $# -gt 0 ]; then
  dvc exp run --queue nested@scores "${common[@]}" "${recipe[@]}" "$@"
fi
dvc queue start --jobs 1
while dvc queue status | grep -qE 'Queued|Running'; do sleep 10; done
lexfit select --name "$name"
