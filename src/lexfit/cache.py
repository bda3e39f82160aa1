"""Where lexfit keeps what can be made again: outside the workspace, so that experiments in copies share it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from platformdirs import user_cache_dir

ENVIRONMENT = "LEXFIT_CACHE"


def cache_folder(name: str) -> Path:
    """A folder below `LEXFIT_CACHE`, or below the user's cache directory if that isn't set."""
    root = os.environ.get(ENVIRONMENT)
    return (Path(root).expanduser() if root else Path(user_cache_dir("lexfit"))) / name


def digest(value: Any) -> str:
    """SHA-256 of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def code_digest() -> str:
    """SHA-256 of lexfit's own source files: what one version computed is never taken up by another."""
    package = Path(__file__).parent
    files = sorted(package.rglob("*.py"))
    return digest({str(f.relative_to(package)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files})
