"""Whether a run is whole: its files are those that dvc.lock knows, made by these params and from one another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvc.exceptions import DvcException
from dvc.utils.serialize import load_yaml
from dvc_data.hashfile.build import build
from dvc_data.hashfile.db import HashFileDB
from dvc_objects.fs.local import LocalFileSystem
from dvc_objects.fs.memory import MemoryFileSystem

from lexfit.errors import LexfitError, explained_contents
from lexfit.io import read_text
from lexfit.yaml_files import refuse_aliases

if TYPE_CHECKING:
    from collections.abc import Iterable

LOCK, PARAMS = Path("dvc.lock"), Path("params.yaml")
AGAIN = "Run `dvc repro`"
Stages = dict[str, dict[str, Any]]


def read_stages(lock: Path = LOCK) -> Stages:
    """What dvc.lock records of each stage, as DVC itself reads it."""
    if not lock.is_file():
        raise LexfitError(str(lock), "no such file: nothing has run here", AGAIN)
    remedy = "`git checkout dvc.lock`, or `dvc repro`"
    refuse_aliases(read_text(lock), str(lock), remedy)
    try:
        stages: Stages = load_yaml(str(lock))["stages"]
        if not all(isinstance(name, str) for name in [*stages, *_outputs(stages)]):
            raise TypeError("a name that isn't text")
    except (DvcException, AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise LexfitError(str(lock), "isn't a lock file of DVC", remedy) from error
    return stages


def output_md5(path: Path) -> str:
    """DVC's hash of a file, or of a folder (which ends in `.dir`), computed anew from the bytes."""
    store = HashFileDB(MemoryFileSystem(), "/lexfit-hashes")
    _, _, built = build(store, str(path), LocalFileSystem(), "md5", dry_run=True)
    return str(built.hash_info.value)


def _outputs(stages: Stages) -> dict[str, tuple[str, str]]:
    """Stage and hash of each output by its path."""
    return {out["path"]: (name, out["md5"]) for name, stage in stages.items() for out in stage["outs"]}


def lineage(stages: Stages, leaves: Iterable[str]) -> list[str]:
    """Stages and all those that they read from, each checked: it read what its sources have written last.

    Raises:
        LexfitError: A stage never ran, or ran before one that it reads from ran anew: what it wrote is of another run.
    """
    made = _outputs(stages)
    found: dict[str, None] = {}
    todo = list(leaves)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        if name not in stages:
            raise LexfitError(str(LOCK), f"has no stage {name}: it hasn't run", AGAIN)
        found[name] = None
        with explained_contents(f"{LOCK}: {name}", AGAIN):
            deps = [(dep["path"], dep.get("md5")) for dep in stages[name].get("deps", [])]
        for path, read in deps:
            if path not in made:
                continue
            source, md5 = made[path]
            if read != md5:
                raise LexfitError(
                    str(LOCK),
                    f"stage {name} has read another {path} than the one that stage {source} wrote last, so its "
                    "results aren't those of this run",
                    AGAIN,
                )
            todo.append(source)
    return sorted(found)


def check_params(stages: Stages, names: Iterable[str], params: Path = PARAMS) -> None:
    """Raise `LexfitError` for the first key of params.yaml that isn't what a stage ran with."""
    remedy = f"`git checkout {params}`"
    refuse_aliases(read_text(params), str(params), remedy)
    try:
        now = load_yaml(str(params))
    except (DvcException, RecursionError, ValueError) as error:
        raise LexfitError(str(params), "isn't YAML that DVC reads", remedy) from error
    for name in names:
        with explained_contents(f"{LOCK}: {name}", AGAIN):
            recorded = {str(k): v for k, v in stages[name].get("params", {}).get(PARAMS.name, {}).items()}
        for key, used in recorded.items():
            value: Any = now
            for part in key.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if value != used:
                shown = "has changed" if isinstance(used, dict) else f"is {value!r} and was {used!r}"
                raise LexfitError(
                    f"{params}: {key}",
                    f"{shown} since stage {name} ran",
                    f"{AGAIN}, or bring the run's params back with `git checkout {params}`",
                )


def check_outputs(stages: Stages, paths: Iterable[Path]) -> None:
    """Raise `LexfitError` for the first output that is absent or whose bytes aren't those that its stage wrote."""
    made = _outputs(stages)
    for path in paths:
        if path.as_posix() not in made:
            raise LexfitError(str(path), f"is no output in {LOCK}", AGAIN)
        stage, md5 = made[path.as_posix()]
        if not path.exists():
            raise LexfitError(
                str(path),
                "no such file or folder",
                f"Bring it back with `dvc checkout`, or {AGAIN[0].lower()}{AGAIN[1:]}",
            )
        found = output_md5(path)
        if found != md5:
            raise LexfitError(
                str(path),
                f"isn't what stage {stage} wrote: its hash is {found}, and {LOCK} has {md5}",
                f"Bring it back with `dvc checkout` or `git checkout {path}`, or run `dvc repro`",
            )
