#!/usr/bin/env bash
# The flagship: a model for AILAStatutes without one AILA query or judgement, from the law's own citations, on two CPU cores.
# In the statutes' own words and in independent ones, and the fifty labels on top of it, by fold, each under three seeds; on
# statutes that were never a target; on the embedded default; and what each step of the recipe brings (ablate_zero_shot.sh).
# One experiment each: a killed run goes on where it was. What `pretrain` would train, the first experiment of the seed has.
# Embeddings are audited in the first run, word runs and retold facts in every one.
# Usage: LEXFIT_AILA_FIRE=/path/to/AILA_2019_dataset.zip LEXFIT_CENTRAL_ACTS=/path/to/sections.jsonl.gz runs/zero_shot_cpu.sh
# SEEDS="42" limits the seeds; arguments are further overrides of every experiment.
set -euo pipefail
make setup
export PATH="$PWD/.venv/bin:$PATH"
seeds=${SEEDS:-42 43 44}
first=${seeds%% *}
further=(-S runtime.keep_checkpoints=true "$@")

member() { # NAME EXPERIMENT SEED OVERRIDES…
  local name=$1 experiment=$2 seed=$3
  shift 3
  # Figures, exports, card and report are made of the flagship's first seed alone; `dvc exp apply NAME`, then `dvc repro`, makes another's.
  local until=(mteb_results)
  if [ "$name" = "zero-shot-$first" ]; then until=(); fi
  if grep -qx "$name" <<< "$(dvc exp list --all-commits --name-only)"; then
    echo "$name is there; \`dvc exp remove $name\` to run it again"
  else
    dvc exp run ${until[@]+"${until[@]}"} --name "$name" -S "experiment=$experiment" -S "seed=$seed" "$@" "${further[@]}"
    lexfit summary
  fi
}

names=()
for seed in $seeds; do
  if [ "$seed" = "$first" ]; then own=(-S audit=standard); else own=(-S audit=text); fi
  member "zero-shot-$seed" aila_zero_shot "$seed" "${own[@]}"
  member "zero-shot-unseen-$seed" aila_zero_shot_unseen "$seed" -S audit=text
  names+=("zero-shot-$seed" "zero-shot-unseen-$seed")
  member "kfold-on-zero-shot-$seed" aila_kfold_on_zero_shot "$seed"
done
member zero-shot-held-out-statutes aila_zero_shot "$first" -S audit=text -S retention=none -S data.train.citations.options.held_out_statutes=0.2
member zero-shot-constitution constitution_zero_shot "$first"
columns=(--column fire2019.finetuned_map='MAP, FIRE test' --column held_out.citations.all.finetuned_ndcg_at_10='held-out cases')
columns+=(--column retention.change_by_task.docstrings=docstrings)
columns+=(--column retention.change_by_task.central_acts='titles of Central Acts')
lexfit table --name flagship "${columns[@]}" "${names[@]}"
SEEDS=$first runs/ablate_zero_shot.sh "${further[@]}"
