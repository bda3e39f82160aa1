"""A leak that the guard can't see stops the pipeline at the audit; dropped, it never reaches a training stage."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from lexfit.corpus.records import Collection, Document, Judgement, Query
from tests.conftest import write_beir
from tests.corpus.test_source_groups import retold, story
from tests.stages.workspace import Workspace, make_workspace

OVERRIDES = [
    "data=beir",
    "data.license=mit",
    "data.path=mine",
    "data.train_split=null",
    "protocol=zero_shot",
    "data/train=beir",
    "data.train.beir.path=cases",
    "data.train.beir.license=mit",
    "crossval.folds=[0,1]",
    "audit=text",
]


def told(seed: int, words: int = 120) -> str:
    return " ".join(story(seed, words))


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two evaluation queries; of the six judgments to train on, J3 tells the first one's facts in other words."""
    root = tmp_path_factory.mktemp("audit") / "project"
    documents = [Document(f"d{i}", "", told(100 + i, 30)) for i in range(3)]
    task = Collection(documents, [Query("q0", told(0)), Query("q1", told(1))], [])
    task.judgements.extend([Judgement("q0", "d0", 1), Judgement("q1", "d1", 1)])
    texts = {f"J{i}-{n}": told(10 * i + n + 200, 60) for i in range(6) for n in (0, 1)}
    texts["J3-1"] = " ".join([*random.Random(0).sample(story(777, 90), 20), *retold(story(0), 5, 2)])
    queries = [Query(key, text, "train", key[:2]) for key, text in texts.items()]
    cases = Collection(documents, queries, [Judgement(key, f"d{i % 3}", 1) for i, key in enumerate(texts)])
    write_beir(root / "mine", task, lambda _: "test")
    write_beir(root / "cases", cases, lambda _: "train")
    return make_workspace(root, OVERRIDES)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_retold_judgment_passes_the_guard_and_stops_at_the_audit(space: Workspace) -> None:
    ran, output = space.repro("negatives", check=False)
    assert ran == {"code", "synthetic", "raw", "clean", "pairs", "audit"}
    assert "ERROR in stage audit" in output
    for named in ("training group 'beir/J3'", "evaluation query 'q0'", " ".join(story(0)[:5]), "beir.overlap=drop"):
        assert named in output
    assert "Traceback" not in output
    assert not (space.root / "data/audit").exists()
    assert not (space.root / "reports/audit.json").exists()
    assert json.loads((space.root / "logs/audit.json").read_text())["leaks"] == 1


def test_dropped_it_never_reaches_what_trains_and_the_report_says_so(space: Workspace) -> None:
    space.compose(*OVERRIDES, "data.train.beir.overlap=drop")
    ran, _ = space.repro("negatives")
    assert {"pairs", "audit", "negatives"} <= ran
    for name in ("queries", "pairs"):
        assert "J3" not in (space.root / f"data/pairs/train/{name}.jsonl").read_text()
    assert {q["group"] for q in lines(space.root / "data/pairs/train/queries.jsonl")} == {"J0", "J1", "J2", "J4", "J5"}
    report = json.loads((space.root / "reports/audit.json").read_text())
    assert report["leaks"] == 0
    assert report["verdict"].startswith("clean: none of the 2 held-out queries")
    assert report["training_datasets"] == []
    assert [(d["first"], d["second"], d["queries"]) for d in report["dropped"]] == [("beir/J3", "q0", 2)]
    # The copies of the task's documents that the source brings are told, and stop nothing.
    assert report["found"]["document and evaluation document"] == 3
    assert "beir/J3" in (space.root / "reports/audit.md").read_text()


def test_a_query_planted_behind_the_pairs_stage_is_refused(space: Workspace) -> None:
    file = space.root / "data/pairs/train/documents.jsonl"
    kept = file.read_bytes()
    planted = {"id": "beir/planted", "source": "beir", "role": "corpus", "text": told(1), "passages": [told(1)]}
    file.chmod(0o644)
    file.write_bytes(kept + json.dumps(planted).encode() + b"\n")
    try:
        done = space.run("python", "-m", "lexfit.stages.audit", check=False)
    finally:
        file.write_bytes(kept)
    assert done.returncode == 1
    assert "training document 'beir/planted' overlaps with evaluation query 'q1': the same words" in done.stderr
    assert json.loads((space.root / "reports/audit.json").read_text())["leaks"] == 0
