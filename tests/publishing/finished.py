"""Finished runs in scratch projects, made by the real stages around a model that nobody trained."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.config import load_params
from lexfit.corpus.records import Collection, Document, Judgement, Query, write_collection
from lexfit.io import write_json, write_tsv
from lexfit.jsonl import read_jsonl
from lexfit.stages.common import CROSSVAL, MODEL, RAW, REPORTS, RESULTS, RETENTION, TRAIN
from tests.corpus.test_source_groups import story
from tests.stages.workspace import Workspace, make_workspace

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from lexfit.config import Params

COMMON = [
    "data=aila_fire",
    "loss=corpus_softmax",
    "negatives=none",
    "batches.negatives=0",
    "retention=none",
    "audit=text",
    "model.package=null",
    "model.max_seq_length=64",
    "crossval.folds=[0,1]",
    "evaluation.bootstrap=200",
    "evaluation.permutations=200",
    "hardware.threads=1",
]
ZERO_SHOT = ["protocol=zero_shot", "data/train=beir", "data.train.beir.path=cases", "data.train.beir.license=mit"]
KFOLD = ["protocol=kfold", "model.query_prompt='facts: '"]
SEEN = ("S1", "S2")


def told(seed: int, words: int = 50) -> str:
    return " ".join(story(seed, words))


def aila() -> Collection:
    """A small AILA: 16 queries, 12 statutes of which 8 are relevant to one, and S58, judged and without text."""
    documents = [Document(f"S{i}", "", told(500 + i, 30)) for i in range(1, 13)]
    queries = [Query(f"AILA_Q{i}", told(i)) for i in (*range(1, 7), *range(11, 21))]
    judgements = [
        Judgement(query.id, f"S{i}", int(i in {n % 8 + 1, (n * 3) % 8 + 1}))
        for n, query in enumerate(queries)
        for i in range(1, 13)
    ]
    judgements.append(Judgement("AILA_Q11", "S58", 1))
    facts = {"source": "aila_fire", "address": "file:x.zip", "revision": "z", "license": "cc-by-4.0", "sha256": "0"}
    return Collection(documents, queries, judgements, facts, ["S58"])


def cases() -> Collection:
    """What a zero-shot model trains on: six queries, and among the documents the texts of two statutes."""
    documents = [Document(f"c{i}", "", told(700 + i, 30)) for i in range(4)]
    documents += [d for d in aila().documents if d.id in SEEN]
    queries = [Query(f"k{i}", told(800 + i), "train") for i in range(6)]
    judgements = [Judgement(q.id, documents[i].id, 1) for i, q in enumerate(queries)]
    facts = {"source": "beir", "address": "file:cases", "revision": None, "license": "mit", "sha256": "1"}
    return Collection(documents, queries, judgements, facts)


def save_untrained(params: Params, seed: int) -> SentenceTransformer:
    """A model other than the base model, where stage model would have put its own."""
    import torch

    from lexfit.training.base_models import load_base_model, prepare_torch
    from lexfit.training.saving import save_model

    prepare_torch(params.hardware, params.seed)
    model = load_base_model(params.model, params.hardware, params.runtime)
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    save_model(model, MODEL / "sentence_transformer")
    total = sum(p.numel() for p in model.parameters())
    write_json(
        MODEL / "summary.json",
        {
            "queries": 6,
            "pairs": 6,
            "steps": 0,
            "attention": "sdpa",
            "trainable_parameters": 0,
            "parameters": total,
            "loss": {"name": "CorpusSoftmaxLoss"},
            "mean_loss_of_last_epoch": 1.25,
        },
    )
    write_tsv(REPORTS / "plots" / "training.tsv", ["step", "loss", "learning_rate"], [[1, 1.25, 0.0]])
    return model


def rank_folds(params: Params, model: SentenceTransformer) -> None:
    """Rankings of each fold's queries, in the place of stage crossval."""
    from lexfit.evaluation.dense import dense_run
    from lexfit.evaluation.runs import write_run

    documents = {d["id"]: [d["text"]] for d in read_jsonl(TRAIN / "documents.jsonl")}
    for fold in params.crossval.folds:
        held_out = {q["id"]: q["text"] for q in read_jsonl(TRAIN / "queries.jsonl") if q["fold"] == fold}
        run = dense_run(model, held_out, documents, 8, False) if params.crossval.run else {}
        write_run(CROSSVAL / f"fold-{fold}" / "run.tsv", run)
        write_json(CROSSVAL / f"fold-{fold}" / "summary.json", {"held_out": list(held_out)})


def add_retention_tasks(*names: str) -> None:
    """Results of the model on further tasks of mteb, as stage retention files them."""
    import json

    from mteb.results import TaskResult

    source = next((RESULTS / "mteb").rglob("AILAStatutes.json"))
    folder = RETENTION / "mteb" / "results" / "lexfit__retention" / "tuned"
    folder.mkdir(parents=True)
    meta = json.loads((source.parent / "model_meta.json").read_text())
    (folder / "model_meta.json").write_text(json.dumps({**meta, "name": "lexfit/retention", "revision": "tuned"}))
    for name in names:
        TaskResult.from_disk(source).model_copy(update={"task_name": name}).to_disk(folder / f"{name}.json")


def finished_run(
    root: Path, base: Path, overrides: list[str], further: tuple[str, ...] = (), *, committed: bool = True
) -> Workspace:
    """A project in which every stage but the training ones has really run, committed to DVC and git.

    Args:
        root: The new folder.
        base: The base model's folder.
        overrides: Of params, beyond `COMMON`.
        further: Tasks of mteb that stage retention is said to have scored.
        committed: Whether its outputs are; that takes seconds.
    """
    from lexfit.stages import (
        adapt,
        audit,
        baseline,
        clean,
        code,
        crossval_summary,
        exports,
        exports_speed,
        figures,
        model_card,
        mteb_results,
        mteb_tasks,
        negatives,
        pairs,
        pretrain,
        report,
        retention,
        retention_base,
        synthetic,
    )

    space = make_workspace(root, [*COMMON, f"model.path={base}", *overrides])
    with contextlib.chdir(root):
        params = load_params()
        write_collection(RAW / "task", aila())
        if params.data.train:
            write_collection(RAW / "further" / "beir", cases())
        for stage in (code, synthetic, clean, pairs, audit, negatives, adapt, pretrain, baseline):
            stage.main(params)
        rank_folds(params, save_untrained(params, 1))
        for stage in (crossval_summary, retention_base, retention, mteb_tasks, mteb_results, exports, exports_speed):
            stage.main(params)
        if further:
            add_retention_tasks(*further)
        figures.main(params)
        model_card.main(params)
        report.main(params)
    if committed:
        space.run("dvc", "commit", "-f")
        space.commit("run")
    return space
