#!/usr/bin/env bash
# A machine that is here for one job: fetches from a DVC remote what is made already, runs a recipe, sends back what it made.
# At home, with the same remote as the default one, `dvc pull --run-cache --allow-missing` and the recipe with `--pull` then
# bring the results without computing them.
# Usage: LEXFIT_REMOTE=s3://bucket/lexfit runs/rented.sh runs/h100.sh [the recipe's arguments]
# LEXFIT_REMOTE: s3://, oss:// (Alibaba Cloud), gs://, azure://, ssh://, or a folder. Keys come from the environment, as each
# service's own tools read them (AWS_ACCESS_KEY_ID …, OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET, OSS_ENDPOINT).
set -euo pipefail
remote=${LEXFIT_REMOTE:?set it to the address of a DVC remote, s3://bucket/lexfit say}
recipe=${1:?name a recipe, runs/h100.sh say}
[ -x "$recipe" ] || { echo "$recipe is no recipe; see runs/" >&2; exit 1; }
shift
make setup
export PATH="$PWD/.venv/bin:$PATH"
scheme=${remote%%://*}
case $scheme in
  s3 | oss | gs | azure | ssh) python -m pip install --quiet --disable-pip-version-check -c requirements-remotes.lock "dvc-$scheme" ;;
esac
dvc remote add --quiet --local --default --force rented "$remote"
dvc pull --remote rented --run-cache --allow-missing
send() { dvc push --remote rented --run-cache; }
trap send EXIT   # what a recipe finished before it failed is sent as well
"$recipe" --pull "$@"   # files of what is known come from the remote as they are needed
