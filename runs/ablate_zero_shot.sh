#!/usr/bin/env bash
# What each step of the zero-shot recipe brings: it whole, and without masking, without counts, with one passage a case,
# in independent words, from each further source alone; then the table, paired with the whole recipe over the same queries.
# A killed run goes on where it was. About six minutes an experiment on two cores; SEEDS="42 43 44" for more than one.
# Usage: LEXFIT_AILA_FIRE=/path/to/AILA_2019_dataset.zip LEXFIT_CENTRAL_ACTS=/path/to/sections.jsonl.gz runs/ablate_zero_shot.sh
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
common=(-S experiment=aila_zero_shot -S audit=text -S retention=none)
citations=data.train.citations.options

member() { # NAME OVERRIDES…
  local name=$1 seed
  shift
  for seed in ${SEEDS:-42}; do
    if ! grep -qx "ablation-$name-$seed" <<< "$(dvc exp list --all-commits --name-only)"; then
      dvc exp run --name "ablation-$name-$seed" "${common[@]}" -S "seed=$seed" "$@"
    fi
  done
}

member whole
member unmasked -S "$citations.mask=false"
member uncounted -S loss.positive_weights=uniform
member first-passage -S "$citations.passages=1"
member independent -S "$citations.texts=independent"
acts=(-S 'data.train.central_acts.options.kinds=[titles]' -S data.train.central_acts.options.max_queries=300)
acts+=(-S data.train.central_acts.options.neighbours=0)
member and-titles -S 'data/train=[citations,central_acts]' "${acts[@]}" -S batches.sources=apart
member titles-alone -S data/train=central_acts "${acts[@]}"
lexfit table --name zero_shot --column fire2019.finetuned_map='MAP, FIRE test' \
  --column held_out.citations.all.finetuned_ndcg_at_10='held-out cases' \
  ablation-whole-'*' ablation-'*'
