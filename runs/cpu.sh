#!/usr/bin/env bash
# The embedded default on a CPU: no network but the package index.
set -euo pipefail
make run
