#!/usr/bin/env bash
# The embedded default on a CPU: no network but the package index.
# Usage: runs/cpu.sh
set -euo pipefail
make run
