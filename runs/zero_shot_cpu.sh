#!/usr/bin/env bash
# The flagship: a model for AILAStatutes without one AILA query or judgement, from the law's own citations, on two CPU cores.
# One experiment a seed, in the statutes' own words and in independent ones; a killed run goes on where it was.
# Usage: LEXFIT_AILA_FIRE=/path/to/AILA_2019_dataset.zip LEXFIT_CENTRAL_ACTS=/path/to/sections.jsonl.gz runs/zero_shot_cpu.sh
# SEEDS="42" limits the seeds, EXPERIMENTS="aila_zero_shot" the variants; further arguments are overrides.
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
for experiment in ${EXPERIMENTS:-aila_zero_shot aila_zero_shot_unseen}; do
  for seed in ${SEEDS:-42 43 44}; do
    name="${experiment//_/-}-$seed"
    if grep -qx "$name" <<< "$(dvc exp list --all-commits --name-only)"; then
      echo "$name is there; \`dvc exp remove $name\` to run it again"
      continue
    fi
    dvc exp run --name "$name" -S "experiment=$experiment" -S "seed=$seed" "$@"
    lexfit summary
  done
done
