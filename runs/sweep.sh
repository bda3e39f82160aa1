#!/usr/bin/env bash
# A search of params: each member a DVC experiment, one after another, with the default among them; then the winner with
# its evidence in reports/sweeps/NAME.md, a table and a plot. Data stages, frozen layers and folds already run come from
# the caches. The same command takes up a sweep that was killed. `lexfit sweep` has the options.
# Usage: runs/sweep.sh [SPACE.yaml] [--sampler grid|random|tpe] [--trials N] [--halving] [-S KEY=VALUE]…
set -euo pipefail
case "${1:-}" in
  *.yaml | *.yml) space=$1 && shift ;;
  *) space=sweeps/standard.yaml ;;
esac
make setup-sweep
export PATH="$PWD/.venv/bin:$PATH"
lexfit sweep "$space" "$@"
