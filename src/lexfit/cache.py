"""Where lexfit keeps what can be made again: outside the workspace, so that experiments in copies share it.

What lies there for weeks may be half written by a kill, or damaged: everything is kept with its checksum, and what
doesn't match is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_dir

from lexfit.io import write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT = "LEXFIT_CACHE"
WHOLE = "complete"
KEPT_SECONDS = 14 * 24 * 3600


def cache_folder(name: str) -> Path:
    """A folder below `LEXFIT_CACHE`, or below the user's cache directory if that isn't set."""
    root = os.environ.get(ENVIRONMENT)
    return (Path(root).expanduser() if root else Path(user_cache_dir("lexfit"))) / name


def digest(value: Any) -> str:
    """SHA-256 of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def kept(file: Path, compute: Callable[[], Any]) -> Any:
    """A JSON value: as an earlier call kept it in a file, or computed and kept.

    What is damaged on disk is computed anew.

    Args:
        file: Its name says all that the value depends on.
        compute: Gives the value.
    """
    with suppress(FileNotFoundError, RecursionError, ValueError):
        found = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(found, dict) and found.get("sha256") == digest(found.get("value")):
            return found["value"]
    text = json.dumps(compute(), sort_keys=True, ensure_ascii=False, allow_nan=False)
    value = json.loads(text)  # as it is read back the next time, order of keys included
    write_text(file, json.dumps({"sha256": digest(value), "value": value}, indent=2, ensure_ascii=False) + "\n")
    return value


def remembered(name: str, key: Any, compute: Callable[[], Any]) -> Any:
    """A JSON value: as an earlier call under the same key kept it, or computed and kept.

    Args:
        name: Folder of the cache.
        key: JSON of everything that the value depends on beside lexfit's code.
        compute: Gives the value.
    """
    return kept(cache_folder(name) / f"{digest([key, code_digest()])}.json", compute)


def code_digest() -> str:
    """SHA-256 of lexfit's own source files: what one version computed is never taken up by another."""
    package = Path(__file__).parent
    files = sorted(package.rglob("*.py"))
    return digest({str(f.relative_to(package)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files})


def forget_old(folder: Path) -> None:
    """Remove what other runs left beside `folder` to go on with, where none did for two weeks."""
    for other in folder.parent.glob("*"):
        with suppress(FileNotFoundError):  # it belongs to a run that ends now
            last = max(entry.stat().st_mtime for entry in [other, *other.glob("*")])
            if other != folder and time.time() - last > KEPT_SECONDS:
                shutil.rmtree(other, ignore_errors=True)


def mark_whole(folder: Path) -> None:
    """Say that all of a folder is on disk, and by which checksums one sees that it is still as it was."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != WHOLE)
    for file in files:
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    write_json(folder / WHOLE, {str(file.relative_to(folder)): _sha256(file) for file in files})


def is_whole(folder: Path) -> bool:
    """Whether a folder was written to its end, and none of its files has changed since."""
    with suppress(OSError, ValueError, AttributeError):
        marked = json.loads((folder / WHOLE).read_text(encoding="utf-8"))
        return all(_sha256(folder / name) == sha256 for name, sha256 in marked.items())
    return False


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
