#!/usr/bin/env bash
# What comes after the first ranking, on AILAStatutes and two CPU cores: fusion with BM25, neighbours, a cross-encoder, a
# language model that names statutes, a student and a soup, out of fold on top of the flagship (`kfold`), under three seeds;
# what needs no labels under `zero_shot` and `fire2019`, under the first seed; then the tables, with milliseconds a query.
# One experiment each: a killed run goes on where it was. What `pretrain` would train, zero_shot_cpu.sh may have left.
# Usage: LEXFIT_AILA_FIRE=/path/to/AILA_2019_dataset.zip LEXFIT_CENTRAL_ACTS=/path/to/sections.jsonl.gz runs/second_stage.sh
# SEEDS="42" limits the seeds; arguments are further overrides of every experiment.
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
seeds=${SEEDS:-42 43 44}
first=${seeds%% *}
further=(-S retention=none -S exports=none -S runtime.keep_checkpoints=true "$@")

member() { # NAME SEED OVERRIDES…
  local name=$1 seed=$2
  shift 2
  if grep -qx "$name" <<< "$(dvc exp list --all-commits --name-only)"; then
    echo "$name is there; \`dvc exp remove $name\` to run it again"
  else
    dvc exp run --name "$name" -S "seed=$seed" "$@" "${further[@]}"
  fi
}

names=()
for seed in $seeds; do
  member "second-$seed" "$seed" -S experiment=aila_kfold_on_zero_shot -S second_stage=all
  names+=("second-$seed")
done
lexfit second-stage-cost
member second-zero-shot "$first" -S experiment=aila_zero_shot -S audit=text -S second_stage=readers
member second-fire2019 "$first" -S experiment=aila_kfold_on_zero_shot -S protocol=fire2019 -S second_stage=readers
lexfit second-stage --name second_stage "${names[@]}"
lexfit second-stage --name second_stage_zero_shot second-zero-shot
lexfit second-stage --name second_stage_fire2019 second-fire2019
