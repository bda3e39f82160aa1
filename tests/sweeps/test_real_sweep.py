"""One sweep that really runs through DVC's queue: a random tiny model, three settings, one of which fails."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from lexfit.corpus.records import Collection, Document, Judgement, Query
from tests.conftest import write_beir
from tests.stages.workspace import Workspace, make_workspace

SPACE = "adapter.top_layers: [2, 9]\n"  # the default's own, and more than there are
SETTINGS = [
    "data=beir",
    "data.license=mit",
    "data.path=mine",
    "train=smoke",
    "crossval.folds=[0,1]",
    "audit=text",
    "model.max_seq_length=64",
    "evaluation.bootstrap=200",
    "evaluation.permutations=200",
    "runtime.progress=false",
    "hardware.threads=1",
]


def situations() -> Collection:
    """Eight documents with a query each; six train, in two folds."""
    words = ["robbery", "contract", "marriage", "taxation", "election", "murder", "tenancy", "bribery"]
    documents = [
        Document(f"d{i}", w.title(), f"Whoever is concerned with {w} shall answer for {w}.")
        for i, w in enumerate(words)
    ]
    queries = [
        Query(
            f"q{i}", f"In {1950 + i * 7} the accused {i} stood trial in a matter of {w}.", "train" if i < 6 else "test"
        )
        for i, w in enumerate(words)
    ]
    return Collection(documents, queries, [Judgement(f"q{i}", f"d{i}", 1) for i in range(len(words))])


@pytest.fixture(scope="module")
def ran(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: Path
) -> tuple[Workspace, subprocess.CompletedProcess[str]]:
    root = tmp_path_factory.mktemp("sweep") / "project"
    write_beir(root / "mine", situations())
    (root / "tiny.yaml").write_text(SPACE)
    space = make_workspace(root, SETTINGS, {"LEXFIT_CACHE": str(root.parent / "cache")})
    changes = [word for setting in [*SETTINGS, f"model.path={tiny_model}"] for word in ("-S", setting)]
    return space, space.run("python", "-m", "lexfit", "sweep", "tiny.yaml", *changes, check=False)


def test_one_failed_member_ends_the_sweep_with_status_1_and_its_sentence(
    ran: tuple[Workspace, subprocess.CompletedProcess[str]],
) -> None:
    space, done = ran
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 of 3 members failed: tiny-0002" in done.stderr, done.stdout
    found = json.loads((space.root / "reports/sweeps/tiny.json").read_text())
    assert [member["state"] for member in found["members"]] == ["finished", "finished", "failed"]
    assert "top_layers" in found["members"][2]["error"]
    assert len(found["members"][0]["per_query"]) == 6
    assert found["members"][0]["per_query"] == found["members"][1]["per_query"]
    assert found["winner"]["member"] == "tiny-0000"  # of equal ones the first


def test_a_member_takes_what_another_has_made_from_the_cache(
    ran: tuple[Workspace, subprocess.CompletedProcess[str]],
) -> None:
    space, _ = ran
    stages: dict[int, set[str]] = {}
    for number in (0, 1):
        log = space.run("dvc", "queue", "logs", f"tiny-000{number}").stdout
        stages[number] = set(re.findall(r"Running stage '([^']+)'", log))
    shared = {"raw", "clean", "pairs", "negatives", "adapt", "pretrain", "crossval@0", "crossval@1"}
    assert [len(shared & stages[number]) for number in (0, 1)] == [len(shared), 0]
    # Nothing that is claimed or tested was made, and the workspace is as it was.
    assert not {"model", "mteb_results"} & (stages[0] | stages[1])
    changed = space.run("git", "status", "--porcelain").stdout.split("\n")
    assert {line for line in changed if line} <= {"?? reports/sweeps/", "?? .dvc/.gitignore"}
