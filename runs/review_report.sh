#!/usr/bin/env bash
# Write report.md for a pull request: `dvc metrics diff` and `dvc plots diff` against a revision.
# The metrics and the plots' data are in git, so no DVC remote is needed. PNGs need vl2png (npm: vega-cli, vega-lite).
# Usage: runs/review_report.sh REVISION
set -euo pipefail
base=${1:?usage: runs/review_report.sh REVISION}
export PATH="$PWD/.venv/bin:$PATH"

{
  echo "## Metrics against \`$base\`"
  echo
  dvc metrics diff --md "$base"
  echo
  echo "Protocol of this run: \`$(python -c 'import json; print(json.load(open("reports/metrics.json"))["protocol"])')\`."
} > report.md

for plot in training methods per_query_gain; do
  dvc plots diff "$base" --targets "reports/plots/$plot.tsv" --show-vega > "$plot.vega.json"
  if command -v vl2png > /dev/null; then
    vl2png "$plot.vega.json" > "$plot.png"
    printf '\n### %s\n\n![%s](./%s.png)\n' "$plot" "$plot" "$plot" >> report.md
  fi
done
