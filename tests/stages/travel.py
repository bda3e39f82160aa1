"""An experiment pushed from one clone and pulled into another, through a Git remote and a DVC remote."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tests.stages.workspace import Workspace

MODEL = "data/model/sentence_transformer/model.safetensors"
KEPT = ("params.yaml", "reports/metrics.json", "dvc.lock")


@dataclass(frozen=True)
class Remotes:
    """Addresses of both remotes, settings of the DVC one, and what the environment needs."""

    git: str
    data: str
    data_settings: dict[str, str]
    env: dict[str, str]

    def add_to(self, place: Workspace) -> None:
        """Make `far` the name of both in a clone."""
        place.run("dvc", "remote", "add", "--local", "far", self.data)
        for key, value in self.data_settings.items():
            place.run("dvc", "remote", "modify", "--local", "far", key, value)


def ref_of(place: Workspace, name: str) -> str:
    """The commit of an experiment."""
    lines = place.run("git", "for-each-ref", "--format=%(refname) %(objectname)", "refs/exps").stdout.splitlines()
    return next(commit for ref, commit in map(str.split, lines) if ref.endswith(f"/{name}"))


def travel(space: Workspace, name: str, target: Path, remotes: Remotes) -> None:
    """Push an experiment of `space`, pull it into a clone at `target`, and see that it is the same there.

    Args:
        space: Its HEAD is the experiment's baseline.
        name: The experiment.
        target: Where the clone comes to lie.
        remotes: Both are empty; `space` is left without them.
    """
    origin, clone = Workspace(space.root, remotes.env), Workspace(target, remotes.env)
    remotes.add_to(origin)
    try:
        origin.run("git", "push", "-q", remotes.git, "main")
        origin.run("dvc", "exp", "push", "-r", "far", remotes.git, name)
    finally:
        origin.run("dvc", "remote", "remove", "--local", "far")
    origin.run("git", "clone", "-q", remotes.git, str(target))
    remotes.add_to(clone)
    clone.run("dvc", "exp", "pull", "-r", "far", "origin", name)
    commit = ref_of(origin, name)
    assert ref_of(clone, name) == commit
    clone.run("dvc", "exp", "apply", name)
    for path in KEPT:
        assert (target / path).read_text() == origin.run("git", "show", f"{commit}:{path}").stdout
    model = (target / MODEL).read_bytes()
    assert hashlib.sha256(model).digest() == hashlib.sha256((space.root / MODEL).read_bytes()).digest()
    assert clone.repro()[0] == set()
