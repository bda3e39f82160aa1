"""Whether files are still what stages wrote: DVC looks at a file's time and size, and trusts its own cache unread.

A byte that changed on the disk shows in neither. Here the bytes themselves are hashed.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lexfit.errors import LexfitError, explained_contents
from lexfit.io import read_text
from lexfit.yaml_files import MISFITS, refuse_aliases

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PIPELINE, LOCK, PARAMS = Path("dvc.yaml"), Path("dvc.lock"), Path("params.yaml")
RESTORE = "Bring it back with `git checkout`"
REMEDY = "Run `lexfit verify --delete`, then `dvc repro` (or `dvc pull`)"
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the former is written in C


def md5_of(path: Path) -> str:
    """DVC's hash of a file, or of a folder (which ends in `.dir`), from the bytes."""
    if path.is_dir():
        files = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        listed = json.dumps([{"md5": md5_of(path / name), "relpath": name} for name in files], sort_keys=True)
        return hashlib.md5(listed.encode(), usedforsecurity=False).hexdigest() + ".dir"
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def active_stages(pipeline: Mapping[str, Any], params: Mapping[str, Any]) -> set[str]:
    """Names of the stages that these params ask for: dvc.lock may have others, of earlier params."""
    found = set()
    for name, stage in pipeline["stages"].items():
        over = stage.get("foreach") or next(iter(stage.get("matrix", {}).values()), None)
        if over is None:
            found.add(name)
            continue
        value: Any = params
        for key in re.sub(r"[${}\s]", "", over).split("."):
            value = value[key]
        found |= {f"{name}@{key}" for key in value}
    return found


def outputs() -> dict[Path, tuple[str, str]]:
    """Stage and hash of each output of the working directory's run that is there."""
    pipeline, lock, params = (_read(file) for file in (PIPELINE, LOCK, PARAMS))
    with explained_contents(f"{PIPELINE} or {PARAMS}", RESTORE):
        active = active_stages(pipeline, params)
    found = {}
    with explained_contents(str(LOCK), RESTORE):
        for name, stage in lock.get("stages", {}).items():
            for out in stage.get("outs", []):
                path = Path(out["path"])
                if path.is_absolute() or ".." in path.parts or path == Path():
                    raise LexfitError(str(LOCK), f"stage {name} has the output {path}, outside of the project", RESTORE)
                if name in active and _is_there(path):
                    found[path] = (name, str(out["md5"]))
    return found


def check_inputs(stage: str) -> None:
    """Raise `LexfitError` for the first file or folder that a stage reads and that isn't as its own stage wrote it.

    Args:
        stage: As DVC names it, such as `crossval@0`.
    """
    plain = _read(PIPELINE)["stages"][stage.split("@", maxsplit=1)[0]]
    read = [Path(dep) for dep in plain.get("do", plain).get("deps", [])]
    for path, (name, md5) in outputs().items():
        if any(path == dep or dep in path.parents or path in dep.parents for dep in read) and md5_of(path) != md5:
            raise LexfitError(str(path), f"has changed since stage {name} wrote it", REMEDY)


def damaged_outputs() -> list[Path]:
    """Outputs in the working directory that aren't as their stage wrote them."""
    return [path for path, (_, md5) in outputs().items() if md5_of(path) != md5]


def damaged_objects(cache: Path) -> Iterator[Path]:
    """Files of DVC's cache whose content isn't that of their name.

    Args:
        cache: The folder of objects by hash, `.dvc/cache/files/md5` by default.
    """
    for file in sorted(cache.glob("[0-9a-f][0-9a-f]/*")):
        if re.fullmatch(r"[0-9a-f]{30}(\.dir)?", file.name):
            own = file.parent.name + file.name
            if md5_of(file) != own.removesuffix(".dir"):
                yield file


def cut_command_list(folder: Path) -> list[Path]:
    """DVC's list of running commands, where a machine that went down while DVC wrote it has left a part.

    DVC then runs nothing ("Unable to read RWLock-file"). It is read under DVC's own lock: no command is writing it.

    Args:
        folder: Of DVC's temporary files, `.dvc/tmp` by default.
    """
    from dvc.lock import make_lock  # noqa: PLC0415
    from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK  # noqa: PLC0415

    file = folder / RWLOCK_FILE
    if file.exists():
        with make_lock(str(folder / RWLOCK_LOCK), tmp_dir=str(folder), wait=True):
            try:
                json.loads(file.read_bytes())
            except ValueError:
                return [file]
    return []


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that no file can have
        return False


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    text = read_text(file)
    refuse_aliases(text, str(file), RESTORE)
    try:
        found = yaml.load(text, Loader) or {}  # noqa: S506  (both are safe)
    except (yaml.YAMLError, *MISFITS) as error:
        raise LexfitError(str(file), "not valid YAML", RESTORE) from error
    if not isinstance(found, dict):
        raise LexfitError(str(file), "isn't a mapping", RESTORE)
    return found
