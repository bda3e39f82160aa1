"""Where lexfit keeps what can be made again: outside the workspace, so that experiments in copies share it."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_dir

from lexfit.errors import LexfitError
from lexfit.io import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT = "LEXFIT_CACHE"


def cache_folder(name: str) -> Path:
    """A folder below `LEXFIT_CACHE`, or below the user's cache directory if that isn't set."""
    root = os.environ.get(ENVIRONMENT)
    return (Path(root).expanduser() if root else Path(user_cache_dir("lexfit"))) / name


def digest(value: Any) -> str:
    """SHA-256 of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def remembered(name: str, key: Any, compute: Callable[[], Any]) -> Any:
    """A JSON value: as an earlier call under the same key kept it, or computed and kept.

    What is damaged on disk is computed anew.

    Args:
        name: Folder of the cache.
        key: JSON of everything that the value depends on beside lexfit's code.
        compute: Gives the value.
    """
    file = cache_folder(name) / f"{digest([key, code_digest()])}.json"
    with suppress(LexfitError):
        kept = read_json(file)
        if isinstance(kept, dict) and kept.get("sha256") == digest(kept.get("value")):
            return kept["value"]
    value = compute()
    write_json(file, {"sha256": digest(value), "value": value})
    return value


def code_digest() -> str:
    """SHA-256 of lexfit's own source files: what one version computed is never taken up by another."""
    package = Path(__file__).parent
    files = sorted(package.rglob("*.py"))
    return digest({str(f.relative_to(package)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files})
