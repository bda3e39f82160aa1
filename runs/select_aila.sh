#!/usr/bin/env bash
# Selection of the AILA recipe by nested cross-validation: members of a grid as dvc experiments, each under three seeds
# (which draw the folds), then `lexfit select`. A recipe takes 15 trainings a seed, each scored at several epochs and
# interpolations: about 12 minutes on two cores. A killed run goes on where it was: what has been scored is not trained
# again. The recipe that the members share was chosen on tasks made of other cases (reports/LOG.md).
# Usage: LEXFIT_AILA_FIRE=/path/to/AILA_2019_dataset.zip runs/select_aila.sh [NAME [PROFILE]]
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
name=${1:-aila_kfold}
common=(-S selection=nested -S data=aila_fire -S protocol=kfold -S "hardware=${2:-cpu}")
recipe=(-S loss=corpus_softmax -S batches=full -S negatives=none -S train=corpus -S adapter=top2)
recipe+=(-S batches.windows=3 -S train.average_epochs=3 -S train.learning_rate=2e-4)
recipe+=(-S train.epochs=12 -S 'selection.epochs=[6,8,10,12]')

for seed in 42 43 44; do
  dvc exp run --queue nested@scores "${common[@]}" "${recipe[@]}" -S "seed=$seed"
done
dvc queue start --jobs 1
# The table is read whole before it is searched: `grep -q` on a pipe would end dvc, and under pipefail the loop.
while grep -qE 'Queued|Running' <<< "$(dvc queue status)"; do sleep 10; done
lexfit select --name "$name"
