#!/usr/bin/env bash
# What each step of the zero-shot recipe brings: it whole, and without masking, without counts,
# in independent words, with and from another source; then the table, paired with the whole recipe over the same queries.
# Experiments stop at their scores: no figures, exports, card or report.
# A killed run goes on where it was, and experiments that zero_shot_cpu.sh has made aren't run again. Four to six minutes an
# experiment on two cores; SEEDS="42 43 44" for more than one; arguments are further overrides of every experiment.
# Usage: LEXFIT_AILA_FIRE=/path/to/AILA_2019_dataset.zip LEXFIT_CENTRAL_ACTS=/path/to/sections.jsonl.gz runs/ablate_zero_shot.sh
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
further=("$@")
names=()
citations=data.train.citations.options

member() { # NAME EXPERIMENT OVERRIDES…
  local name=$1 experiment=$2 seed
  shift 2
  for seed in ${SEEDS:-42}; do
    names+=("$name-$seed")
    if ! grep -qx "$name-$seed" <<< "$(dvc exp list --all-commits --name-only)"; then
      dvc exp run mteb_results --name "$name-$seed" -S "experiment=$experiment" -S audit=text -S "seed=$seed" "$@" "${further[@]}"
    fi
  done
}

without() { # NAME OVERRIDES…
  local name=$1
  shift
  member "ablation-$name" aila_zero_shot -S retention=none "$@"
}

member zero-shot aila_zero_shot
member zero-shot-unseen aila_zero_shot_unseen
without unmasked -S "$citations.mask=false"
without uncounted -S loss.positive_weights=uniform
acts=(-S 'data.train.central_acts.options.kinds=[titles]' -S data.train.central_acts.options.max_queries=300)
acts+=(-S data.train.central_acts.options.neighbours=0)
without and-titles -S 'data/train=[citations,central_acts]' "${acts[@]}" -S batches.sources=apart
without titles-alone -S data/train=central_acts "${acts[@]}"
lexfit table --name zero_shot --column fire2019.finetuned_map='MAP, FIRE test' \
  --column held_out.citations.all.finetuned_ndcg_at_10='held-out cases' \
  "${names[@]}"
