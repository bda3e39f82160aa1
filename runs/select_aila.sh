#!/usr/bin/env bash
# Selection of the AILA recipe by nested cross-validation: members of a grid as dvc experiments, each under three seeds
# (which draw the folds), then `lexfit select`. A recipe takes 15 trainings a seed, each scored at several epochs and
# interpolations: 7 to 13 minutes on two cores. A killed run goes on where it was: what has been scored is not trained again.
# Usage: LEXFIT_AILA_FIRE=/path/to/AILA_2019_dataset.zip runs/select_aila.sh [NAME [PROFILE]]
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
name=${1:-aila_kfold}
common=(-S selection=nested -S data=aila_fire -S protocol=kfold -S "hardware=${2:-cpu}")
recipe=(-S loss=corpus_softmax -S batches=full -S negatives=none -S train=corpus -S train.schedule_epochs=12)

for seed in 42 43 44; do
  dvc exp run --queue nested@scores "${common[@]}" "${recipe[@]}" -S "seed=$seed" \
    -S adapter=top2 -S train.learning_rate=1e-4 -S train.epochs=12 -S 'selection.epochs=[4,8,12]'
  dvc exp run --queue nested@scores "${common[@]}" "${recipe[@]}" -S "seed=$seed" \
    -S adapter=top2 -S train.learning_rate=2e-4 -S train.epochs=8 -S 'selection.epochs=[4,8]'
  dvc exp run --queue nested@scores "${common[@]}" "${recipe[@]}" -S "seed=$seed" \
    -S adapter=top1 -S train.learning_rate=2e-4 -S train.epochs=12 -S 'selection.epochs=[4,8,12]'
done
dvc queue start --jobs 1
# The table is read whole before it is searched: `grep -q` on a pipe would end dvc, and under pipefail the loop.
while grep -qE 'Queued|Running' <<< "$(dvc queue status)"; do sleep 10; done
lexfit select --name "$name"
