"""The second stage through DVC: nested out of fold under `kfold`, by final models under `holdout`, and cached."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.evaluation.runs import read_run
from lexfit.second_stage.teachers import averaged
from tests.conftest import write_beir
from tests.corpus.test_source_groups import story
from tests.stages.workspace import Workspace, make_workspace

COMMON = [
    "data=beir",
    "data.license=mit",
    "data.path=mine",
    "crossval.folds=[0,1,2]",
    "second_stage=all",
    "second_stage.fusion.grid=4",
    "audit=text",
    "negatives=none",
    "loss=corpus_softmax",
    "batches=full",
    "train=corpus",
    "train.epochs=1",
    "model.max_seq_length=64",
    "retention=none",
    "evaluation.bootstrap=200",
    "evaluation.permutations=200",
]
TEACHERS = ("neighbours/neighbours", "rerankers/reranker")
PLACE, LISTWISE = "second_stage.rerankers.reranker", "second_stage.listwise.listwise"
SMALL = [f"{PLACE}.max_length=48", f"{LISTWISE}.facts_tokens=32", f"{LISTWISE}.name_words=2"]
SMALL += [f"{place}.{phase}.steps=2" for place in (PLACE, LISTWISE) for phase in ("further", "own")]
FURTHER = ["data/train=beir", "data.train.beir.path=cases", "data.train.beir.license=mit"]
PRETRAIN = ["pretrain=further", "pretrain.recipe.train.max_steps=2", "pretrain.recipe.batches.size=4"]
KFOLD = ["protocol=kfold", "data.train_split=null", *FURTHER, *PRETRAIN]


def collection(name: str, first: int, count: int, split: str) -> Collection:
    """Queries and documents of random words, query i's positives documents i and i + 1."""
    documents = [Document(f"{name}d{i}", "", " ".join(story(first + 100 + i, 30))) for i in range(count)]
    queries = [Query(f"{name}q{i}", " ".join(story(first + i, 40)), split) for i in range(count)]
    pairs = [Judgement(f"{name}q{i}", f"{name}d{(i + n) % count}", 1) for i in range(count) for n in (0, 1)]
    return Collection(documents, queries, pairs, {})


def by_row(root: Path) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for line in csv.DictReader((root / "reports/second_stage.tsv").open(), delimiter="\t"):
        found.setdefault(line["row"], {})[line["query_id"]] = float(line["ndcg_at_10"])
    return found


def report(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "reports/second_stage.json").read_text())
    return found


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, tiny_writer: Path) -> Workspace:
    root = tmp_path_factory.mktemp("second") / "project"
    tiny = [f"model.path={tiny_model}", f"{PLACE}.model.path={tiny_model}"]
    tiny += [f"{LISTWISE}.model.{key}" for key in (f"path={tiny_writer}", "package=null", "gguf_file=null")]
    write_beir(root / "mine", collection("t", 0, 12, "test"))
    write_beir(root / "apart", collection("t", 0, 12, "test"), lambda q: "train" if int(q.id[2:]) < 9 else "test")
    write_beir(root / "cases", collection("c", 1000, 14, "train"), lambda _: "train")
    (root / "tiny.json").write_text(json.dumps(tiny))
    workspace = make_workspace(root, [*COMMON, *SMALL, *KFOLD, *tiny], {"LEXFIT_CACHE": str(root.parent / "cache")})
    workspace.repro("second_stage@scores")
    return workspace


def overrides(space: Workspace, *more: str) -> list[str]:
    tiny: list[str] = json.loads((space.root / "tiny.json").read_text())
    return [*COMMON, *SMALL, *tiny, *more]


def test_every_query_is_ranked_out_of_fold(space: Workspace) -> None:
    rows, found = by_row(space.root), report(space.root)
    assert found["queries"] == 12
    assert found["clean"] is True
    assert all(len(scores) == 12 for scores in rows.values())
    assert next(iter(rows)) == "first stage"
    assert set(rows) == set(found["rows"])
    assert {
        "+ BM25, weights",
        "neighbours alone",
        "reranker alone",
        "listwise alone",
        "+ BM25 + reranker, weights",
    } < set(rows)
    assert {"student in place of the first stage", "soup in place of the first stage"} < set(rows)


def test_the_first_row_is_the_first_stage(space: Workspace) -> None:
    space.repro("crossval_summary")
    lines = csv.DictReader((space.root / "data/crossval_summary/per_query.tsv").open(), delimiter="\t")
    first = by_row(space.root)["first stage"]
    assert {line["query_id"]: float(line["finetuned"]) for line in lines} == pytest.approx(first, abs=1e-5)


@pytest.mark.parametrize("system", ["rerankers/reranker", "listwise/listwise"])
def test_each_training_leaves_its_folds_out(space: Workspace, system: str) -> None:
    folder = space.root / "data" / system
    queries = [json.loads(line) for line in (space.root / "data/pairs/train/queries.jsonl").read_text().splitlines()]
    fold_of = {q["id"]: str(q["fold"]) for q in queries if q["source"] == "task"}
    names = {path.stem for path in (folder / "folds").iterdir()}
    assert names == {"0", "1", "2", "0-1", "0-2", "1-2"}
    facts = json.loads((folder / "summary.json").read_text())["trainings"]
    assert set(facts) == names | {"start", "final"}
    for name in names:
        excluded = set(name.split("-"))
        ranked = {line.split("\t")[0] for line in (folder / "folds" / f"{name}.tsv").read_text().splitlines()[1:]}
        assert ranked == {q for q, fold in fold_of.items() if fold in excluded}
        assert facts[name]["queries"] <= 12 - len(ranked)


def test_students_are_taught_by_systems_that_saw_neither_fold(space: Workspace) -> None:
    """The teachers' scores of a query are those of the models without its fold and without the student's."""
    queries = [json.loads(line) for line in (space.root / "data/pairs/train/queries.jsonl").read_text().splitlines()]
    fold_of = {q["id"]: q["fold"] for q in queries if q["source"] == "task"}
    taught = read_run(space.root / "data/teachers/student/1.tsv")
    assert set(taught) == {q for q, fold in fold_of.items() if fold != 1}
    documents = sorted(next(iter(taught.values())))
    runs = [space.root / "data/inner_runs/0-1.tsv", *(space.root / f"data/{k}/folds/0-1.tsv" for k in TEACHERS)]
    for query in (q for q, fold in fold_of.items() if fold == 0):
        expected = averaged([read_run(path)[query] for path in runs], documents)
        assert taught[query] == pytest.approx(expected)


def test_weights_are_learned_for_each_fold(space: Workspace) -> None:
    learned = json.loads((space.root / "data/second_stage/weights.json").read_text())["+ BM25 + reranker, weights"]
    assert set(learned) == {"0", "1", "2"}
    for fold in learned.values():
        assert sum(fold["weights"].values()) == pytest.approx(1.0)


def test_nothing_runs_again_and_a_fusion_param_runs_the_table_alone(space: Workspace) -> None:
    assert space.repro("second_stage@scores")[0] == set()
    space.compose(*overrides(space, *KFOLD, "second_stage.fusion.grid=2"))
    assert space.repro("second_stage@scores")[0] == {"second_stage@scores"}


def test_final_models_rank_the_test_split_and_mteb_agrees(space: Workspace) -> None:
    space.compose(*overrides(space, "protocol=holdout", "data.path=apart"))
    space.repro("second_stage@scores")
    found = report(space.root)
    assert found["queries"] == 3
    for row in found["mteb"].values():
        assert row["mteb"] == pytest.approx(row["own"], abs=1e-5)
    assert found["mteb"]["reranker alone"]["run_by"] == "mteb"
