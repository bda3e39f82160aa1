"""Two phases: further sources train the base of every training on the task's own queries, whose folds stay theirs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lexfit.config import Params, load_params
from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.model_files import model_folder
from tests.conftest import write_beir
from tests.corpus.test_source_groups import story
from tests.stages.workspace import Workspace, make_workspace

OVERRIDES = [
    "data=beir",
    "data.license=mit",
    "data.path=mine",
    "data.train_split=null",
    "protocol=kfold",
    "data/train=beir",
    "data.train.beir.path=cases",
    "data.train.beir.license=mit",
    "adapt=tsdae",
    "adapt.steps=2",
    "adapt.batch_size=4",
    "adapt.max_seq_length=32",
    "pretrain=further",
    "pretrain.recipe.train.max_steps=2",
    "pretrain.recipe.train.learning_rate=1e-3",
    "crossval.folds=[0,1]",
    "audit=text",
    "negatives=none",
    "loss=corpus_softmax",
    "batches=full",
    "train=corpus",
    "train.epochs=1",
    "train.learning_rate=1e-12",
    "train.weight_decay=0.0",
    "model.max_seq_length=64",
    "retention=none",
    "evaluation.bootstrap=200",
    "evaluation.permutations=200",
    "runtime.keep_checkpoints=true",
]
# The first phase's recipe as that of the final model.
ALONE = [
    "protocol=zero_shot",
    "pretrain=none",
    "adapter=top2",
    "loss.positive_weights=graded",
    "batches.size=128",
    "train.max_steps=2",
    "train.learning_rate=1e-3",
    "train.weight_decay=0.01",
    "train.scheduler=linear",
    "train.interpolation=0.6",
]


def collection(name: str, first: int, count: int) -> Collection:
    """Queries and documents of random words, query i's positive document i."""
    documents = [Document(f"{name}d{i}", "", " ".join(story(first + 100 + i, 30))) for i in range(count)]
    queries = [Query(f"{name}q{i}", " ".join(story(first + i, 40)), "test") for i in range(count)]
    return Collection(documents, queries, [Judgement(f"{name}q{i}", f"{name}d{i}", 1) for i in range(count)])


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("pretrain") / "project"
    write_beir(root / "mine", collection("t", 0, 4), lambda _: "test")
    write_beir(root / "cases", collection("c", 1000, 6), lambda _: "train")
    workspace = make_workspace(root, OVERRIDES, {"LEXFIT_CACHE": str(root.parent / "cache")})
    workspace.repro("model", "crossval@0")
    return workspace


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_file(folder / "model.safetensors")
    return found


def largest_change(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def test_the_task_trains_on_from_the_pretrained_model(space: Workspace) -> None:
    """The second learning rate is next to nothing, so what the final model has, it has from the first phase."""
    pretrained = weights(space.root / "data/pretrained/sentence_transformer")
    final = weights(space.root / "data/model/sentence_transformer")
    base = model_folder(_params(space).model)
    assert base is not None
    assert largest_change(final, pretrained) < 1e-6
    assert largest_change(pretrained, weights(base)) > 1e-4


def test_both_phases_stand_on_the_adapted_model(space: Workspace) -> None:
    """Neither trains the word embeddings, so those are as the adaptation left them."""
    adapted = weights(space.root / "data/adapted/sentence_transformer")
    base = model_folder(_params(space).model)
    assert base is not None
    name = "embeddings.word_embeddings.weight"
    assert not torch.equal(adapted[name], weights(base)[name])
    for stage in ("pretrained", "model"):
        assert torch.equal(weights(space.root / f"data/{stage}/sentence_transformer")[name], adapted[name])


def test_each_phase_trains_on_its_own_queries(space: Workspace) -> None:
    facts = {
        name: json.loads((space.root / f"data/{name}/summary.json").read_text()) for name in ("pretrained", "model")
    }
    assert (facts["pretrained"]["queries"], facts["pretrained"]["steps"]) == (6, 2)
    assert (facts["model"]["queries"], facts["model"]["steps"]) == (4, 1)
    assert len((space.root / "reports/plots/pretraining.tsv").read_text().splitlines()) == 3


def test_folds_are_those_of_the_task_alone(space: Workspace) -> None:
    queries = [json.loads(line) for line in (space.root / "data/pairs/train/queries.jsonl").read_text().splitlines()]
    assert sorted(q["fold"] for q in queries if q["source"] == "task") == [0, 0, 1, 1]
    assert {q["fold"] for q in queries if q["source"] == "beir"} == {-1}
    held_out = {q["id"] for q in queries if q["fold"] == 0}
    summary = json.loads((space.root / "data/crossval/fold-0/summary.json").read_text())
    assert set(summary["held_out"]) == held_out
    assert len(held_out) == summary["queries"] == 2
    assert space.repro("model", "crossval@0")[0] == set()


def test_the_same_training_alone_takes_up_the_kept_end(space: Workspace) -> None:
    """Under `zero_shot` the model is what `pretrain` made under `kfold`: nothing trains twice."""
    unadapted = [o for o in OVERRIDES if not o.startswith("adapt")]  # the adaptation reads the task's documents as well
    space.compose(*unadapted)
    space.repro("pretrain")
    made = (space.root / "data/pretrained/sentence_transformer/model.safetensors").read_bytes()
    curve = (space.root / "reports/plots/pretraining.tsv").read_text()
    space.compose(*[o for o in unadapted if not o.startswith("pretrain.recipe.")], *ALONE)
    ran, said = space.repro("model")
    assert "model" in ran
    assert "going on from step 2" in said
    assert (space.root / "data/model/sentence_transformer/model.safetensors").read_bytes() == made
    assert (space.root / "reports/plots/training.tsv").read_text() == curve


def _params(space: Workspace) -> Params:
    return load_params(space.root / "params.yaml")
