"""Where rounds take place: a file system of their own, filled anew for each from an undisturbed run."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from benchmarks.faults.processes import Finished, Running

if TYPE_CHECKING:
    from random import Random

SIZE = "4g"
# What differs between two undisturbed runs: seconds, and the pages that show them.
VARYING = ("reports/exports_speed.json", "reports/model_card.md", "reports/report.md", "reports/report.html")


def copy(source: Path, target: Path) -> None:
    """Copy a folder with times and links, sharing no byte with it."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


@dataclass
class Site:
    """Paths of the harness, and commands in the project that is disturbed."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.live, self.pristine, self.after = (self.folder / name for name in ("live", "pristine", "after"))
        self.project, self.cache, self.state = (self.live / name for name in ("project", "cache", "state"))
        self.reference_file = self.folder / "reference.json"

    @cached_property
    def reference(self) -> dict[str, Any]:
        """Hashes by file, and seconds by stage in the pipeline's order, of the undisturbed run."""
        found: dict[str, Any] = json.loads(self.reference_file.read_text(encoding="utf-8"))
        return found

    @property
    def environment(self) -> dict[str, str]:
        """Of every command in the project: DVC's state and lexfit's cache are the round's own."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"LEXFIT_CACHE": str(self.cache), "DVC_SITE_CACHE_DIR": str(self.state), "PATH": path}
        git = {f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        return {**os.environ, "HF_HUB_OFFLINE": "1", "DVC_NO_ANALYTICS": "1", **own, **git, **self.variables}

    @cached_property
    def mounted(self) -> bool:
        """Whether rounds have a file system of their own, which can be made full; else quotas stand for that."""
        self.live.mkdir(parents=True, exist_ok=True)
        if not self.live.is_mount():
            command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(self.live)]
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        return self.resize(SIZE)

    def resize(self, size: str) -> bool:
        """Give the file system another size."""
        command = ["mount", "-o", f"remount,size={size}", str(self.live)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def start(self, *command: str, variables: dict[str, str] | None = None, cwd: Path | None = None) -> Running:
        """Start a command in a process group of its own."""
        return Running(command, cwd or self.project, {**self.environment, **(variables or {})})

    def run(self, *command: str, variables: dict[str, str] | None = None, cwd: Path | None = None) -> Finished:
        """Run a command to its end."""
        return self.start(*command, variables=variables, cwd=cwd).finish()

    def lock(self) -> dict[str, Any]:
        """Entries of dvc.lock by stage."""
        text = (self.project / "dvc.lock").read_text(encoding="utf-8")
        stages: dict[str, Any] = (yaml.load(text, yaml.CSafeLoader) or {}).get("stages", {})
        return stages

    def behind(self, stage: str) -> set[str]:
        """The stage and all that read what it makes, or what those make."""
        found, reads = {stage}, self.reference["reads"]
        while more := {name for name, makers in reads.items() if set(makers) & found} - found:
            found |= more
        return found

    def restore(self) -> None:
        """The undisturbed run's end, everything in place."""
        self.resize(SIZE)
        for entry in list(self.live.iterdir()):
            shutil.rmtree(entry)
        copy(self.pristine, self.project)
        self.state.mkdir()

    def open(self, stage: str, rng: Random) -> str:
        """Make a stage one that never ran, and lexfit's cache empty, as after a kill in the middle, or full.

        Returns:
            Which of the three.
        """
        stages = self.lock()
        outs = stages.pop(stage)["outs"]
        others = {md5 for own in stages.values() for out in own["outs"] for md5 in self.objects(out["md5"])}
        for out in outs:
            for md5 in self.objects(out["md5"]) - others:
                self.object(md5).unlink(missing_ok=True)
            remove(self.project / out["path"])
        remove(self.project / ".dvc/cache/runs")
        text = yaml.dump({"schema": "2.0", "stages": stages}, Dumper=yaml.CSafeDumper, sort_keys=False)
        (self.project / "dvc.lock").write_text(text, encoding="utf-8")
        kind = rng.choice(["cold", "middle", "warm"])
        if kind != "cold" and (self.after / stage).exists():
            copy(self.after / stage, self.cache)
        if kind == "middle":
            for training in self.cache.glob("*/*/"):
                steps = sorted(training.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[-1]))
                for step in steps[-1:]:
                    shutil.rmtree(step)
        return kind

    def object(self, md5: str) -> Path:
        """A file of DVC's cache."""
        return self.project / ".dvc/cache/files/md5" / md5[:2] / md5[2:]

    def objects(self, md5: str) -> set[str]:
        """Hashes of an output and of the files in it."""
        if not md5.endswith(".dir") or not self.object(md5).exists():
            return {md5}
        return {md5, *(entry["md5"] for entry in json.loads(self.object(md5).read_text(encoding="utf-8")))}

    def hashes(self, root: Path | None = None) -> dict[str, str]:
        """SHA-256 of each file of all outputs that are the same in every undisturbed run."""
        root = root or self.project
        found = {}
        for top in ("data", "reports"):
            for path in sorted((root / top).rglob("*")):
                name = path.relative_to(root).as_posix()
                if path.is_file() and name not in VARYING and not name.startswith("data/.partial"):
                    found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def differences(self, root: Path | None = None) -> list[str]:
        """Names of the files that aren't as in the undisturbed run, or that one of the two hasn't."""
        found, expected = self.hashes(root), self.reference["hashes"]
        return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))


def remove(path: Path) -> None:
    """Delete a file or folder that may be there."""
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
