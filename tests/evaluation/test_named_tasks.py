"""Other tasks of mteb: from the FIRE release as MTEB made them, from a local copy, and what training saw of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sentence_transformers import SentenceTransformer

from lexfit.config import Params
from lexfit.corpus.records import Collection
from lexfit.errors import LexfitError
from lexfit.evaluation.benchmark import as_encoder, benchmark
from lexfit.evaluation.dense import dense_run
from lexfit.evaluation.named_tasks import asked_tasks, cut, load_named_task, texts_of
from lexfit.evaluation.seen import label_task
from lexfit.evaluation.trec import evaluate, qrels_of
from tests.conftest import write_beir

MakeParams = Callable[..., Params]


def test_the_release_gives_ailacasedocs_as_mteb_describes_it(make_params: MakeParams, aila_release: Path) -> None:
    data = make_params("data=aila_fire", f"data.path={aila_release}", "protocol=kfold").data
    task = load_named_task("AILACasedocs", "fire", data)
    queries, documents = texts_of(task)
    # 50 queries, 186 documents, 195 relevant pairs: the counts of mteb/AILA_casedocs.
    assert (len(queries), len(documents)) == (50, 186)
    split = task.dataset["default"]["test"]
    assert sum(len(relevant) for relevant in split["relevant_docs"].values()) == 195
    assert task.metadata.name == "AILACasedocs"


def test_a_local_copy_scores_as_our_own_measures_do(
    collection: Collection, make_params: MakeParams, tiny_model: Path, tmp_path: Path
) -> None:
    write_beir(tmp_path / "copy", collection)
    task = load_named_task("NFCorpus", str(tmp_path / "copy"), make_params().data)
    model = SentenceTransformer(str(tiny_model), device="cpu")
    done = benchmark(as_encoder(model, "a/b", "1"), task, tmp_path / "out", 8)
    queries = {q.id: q.text for q in collection.queries if q.split == "test"}
    run = dense_run(model, queries, {d.id: [d.full_text] for d in collection.documents}, 8)
    ours = evaluate(run, qrels_of(collection.judgements, queries))
    found = {q: s["ndcg_cut_10"] for q, s in done.per_query.items()}
    assert found == pytest.approx({f"test/default/{q}": s["ndcg_at_10"] for q, s in ours.items()}, abs=1e-5)
    assert next((tmp_path / "out").rglob("NFCorpus.json")).exists()


def test_a_part_of_a_task_has_its_queries_positives(
    collection: Collection, make_params: MakeParams, tmp_path: Path
) -> None:
    write_beir(tmp_path / "copy", collection)
    params = make_params("evaluation=quick").evaluation
    params = dataclasses.replace(params, max_queries=1, max_documents=2)
    task = cut(load_named_task("NFCorpus", str(tmp_path / "copy"), make_params().data), params, 1)
    queries, documents = texts_of(task)
    relevant = task.dataset["default"]["test"]["relevant_docs"]
    assert (len(queries), len(documents)) == (1, 2)
    assert set(relevant) == set(queries)
    assert {d for own in relevant.values() for d in own} <= set(documents)


@pytest.mark.parametrize(
    ("name", "where", "message"),
    [
        ("AILACasedocz", "fire", "AILACasedocz"),
        ("NFCorpus", "fire", "asks the FIRE release for NFCorpus"),
        ("STSBenchmark", "hub", "of type STS"),
        ("NFCorpus", "nowhere", "nowhere does not exist"),
    ],
)
def test_what_cannot_be_had_names_the_key(make_params: MakeParams, name: str, where: str, message: str) -> None:
    with pytest.raises(LexfitError, match=message) as caught:
        load_named_task(name, where, make_params().data)
    assert f"evaluation.tasks ({name})" in caught.value.where


TEXT = "The respondent seized the goods of the appellant without any notice and sold them at a public auction in May"
OTHER = "A municipal board levied a toll on every cart that crossed the bridge, and the carters refused to pay it"


@pytest.mark.parametrize(
    ("training", "trained_on", "clean", "label"),
    [
        ({"t": "nothing of the kind was ever written here or there"}, {}, True, "neither queries nor documents"),
        ({"t": f"And so: {TEXT}"}, {}, False, "contaminated: 1 of 1 queries and 0 of 1 documents share text"),
        ({"t": OTHER}, {}, True, "no query trained the model, but 0 of 1 queries and 1 of 1 documents"),
        ({}, {"declared": ["Task"]}, False, "Task is among the data that trained"),
        ({}, {"base": {"Task"}}, False, "Task is among the data that trained the base model"),
        ({}, {"base": None}, True, "what trained the base model isn't declared in mteb"),
        ({}, {"hub_id": "org/task"}, False, "Task is among the data that trained"),
    ],
)
def test_a_label_says_what_training_saw(
    make_params: MakeParams, training: dict[str, str], trained_on: dict[str, Any], clean: bool, label: str
) -> None:
    params = make_params()
    found = label_task(
        "Task",
        "org/task",
        ({"q": TEXT}, {"d": OTHER}),
        training,
        declared=trained_on.get("declared", []),
        base=trained_on.get("base", set()),
        sources=[dataclasses.replace(params.data, hub_id=trained_on.get("hub_id"))],
        protocol=params.protocol,
    )
    assert found["clean"] is clean
    assert label in found["label"]


def test_tasks_say_where_their_data_are(make_params: MakeParams) -> None:
    asked = make_params("evaluation.tasks=[AILACasedocs@fire,NFCorpus,SCIDOCS@/some/where.zip]").evaluation.tasks
    assert asked_tasks(asked) == {"AILACasedocs": "fire", "NFCorpus": "hub", "SCIDOCS": "/some/where.zip"}
    assert set(asked_tasks(make_params("evaluation=full").evaluation.tasks).values()) == {"hub"}
    with pytest.raises(LexfitError, match="names NFCorpus twice"):
        asked_tasks(["NFCorpus", "NFCorpus@copy"])
