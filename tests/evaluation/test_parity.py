"""One score, three ways: the trainer's own evaluator, mteb, and the saved folder in a process that knows no lexfit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sentence_transformers import SentenceTransformer

from lexfit.config import Params
from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.corpus.sources import load
from lexfit.evaluation.benchmark import as_encoder, benchmark
from lexfit.evaluation.cached_encoder import cached
from lexfit.evaluation.tasks import make_task
from lexfit.training.batches import TrainingData, load_training_data
from lexfit.training.online import METRIC, InnerEvaluator
from lexfit.training.saving import save_model
from lexfit.training.trainer import fine_tune

FRESH = """
import json, sys
import pytrec_eval
from sentence_transformers import SentenceTransformer

task = json.load(open("task.json"))
model = SentenceTransformer("model", device="cpu")
queries, documents = task["queries"], task["documents"]
scores = model.similarity(model.encode_query(list(queries.values())), model.encode_document(list(documents.values())))
run = {q: dict(zip(documents, row)) for q, row in zip(queries, scores.tolist())}
found = pytrec_eval.RelevanceEvaluator(task["qrels"], {"ndcg_cut.10"}).evaluate(run)
assert not [name for name in sys.modules if name.startswith("lexfit")]
print(sum(own["ndcg_cut_10"] for own in found.values()) / len(found))
"""


@pytest.fixture
def small(make_params: Callable[..., Params]) -> Collection:
    """24 situations of the embedded default and 80 articles, those that apply among them."""
    whole = load(make_params().data)
    queries = [q for q in whole.queries if q.split == "train"][:24]
    judgements = [j for j in whole.judgements if j.query_id in {q.id for q in queries} and j.score > 0]
    relevant = {j.doc_id for j in judgements}
    others = [d for d in whole.documents if d.id not in relevant][: 80 - len(relevant)]
    documents = [d for d in whole.documents if d.id in relevant] + others
    return Collection(documents, queries, judgements, whole.facts)


def training_data(small: Collection, params: Params) -> TrainingData:
    """The same as the records of the pairs stage, a fourth of the queries held back."""
    positives = small.positives()
    records: dict[str, list[dict[str, Any]]] = {
        "queries": [
            {
                "id": q.id,
                "source": "task",
                "clean_text": q.text,
                "positives": sorted(positives[q.id]),
                "fold": n % 4,
            }
            for n, q in enumerate(small.queries)
        ],
        "documents": [{"id": d.id, "source": "task", "passages": [d.full_text]} for d in small.documents],
        "pairs": [{"query_id": j.query_id, "doc_id": j.doc_id, "score": 1} for j in small.judgements],
        "negatives": [],
    }
    return load_training_data(records, params.batches, set(), inner=True)


def test_trainer_mteb_and_the_folder_in_a_fresh_process_agree_to_five_digits(
    small: Collection, make_params: Callable[..., Params], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    params = make_params(
        "loss=corpus_softmax",
        "batches=full",
        "train=corpus",
        "negatives=none",
        "train.epochs=1",
        "train.max_steps=null",
        "train.early_stopping=1",
        "train.interpolation=1.0",
        "train.average_epochs=1",
        "model.max_seq_length=96",
        "train.max_seq_length=96",
    )
    data = training_data(small, params)
    said: list[float] = []
    evaluate = InnerEvaluator.__call__

    def listening(self: InnerEvaluator, *args: Any, **kwargs: Any) -> dict[str, float]:
        scores = evaluate(self, *args, **kwargs)
        said.append(scores[METRIC])
        return scores

    monkeypatch.setattr(InnerEvaluator, "__call__", listening)
    trained = fine_tune(params, data, tmp_path / "live")
    (by_trainer,) = said

    # mteb has the title in front of the text, training has it in the text: here both have one text.
    inner = {data.query_ids[row] for row in data.inner}
    documents = [Document(d.id, "", d.full_text) for d in small.documents]
    queries = [Query(q.id, q.text, "test") for q in small.queries if q.id in inner]
    judgements = [Judgement(j.query_id, j.doc_id, 1) for j in small.judgements if j.query_id in inner]
    save_model(trained.model, tmp_path / "model")
    model = cached(SentenceTransformer(str(tmp_path / "model"), device="cpu"), params.runtime)
    task = make_task(Collection(documents, queries, judgements, small.facts))
    by_mteb = benchmark(as_encoder(model, "a/b", "1"), task, tmp_path / "out", 8).scores["ndcg_at_10"]

    qrels: dict[str, dict[str, int]] = {}
    for judgement in judgements:
        qrels.setdefault(judgement.query_id, {})[judgement.doc_id] = 1
    texts = {"queries": {q.id: q.text for q in queries}, "documents": {d.id: d.text for d in documents}}
    (tmp_path / "task.json").write_text(json.dumps({**texts, "qrels": qrels}))
    done = subprocess.run([sys.executable, "-c", FRESH], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert len(inner) == 6
    assert 0.1 < by_mteb < 0.99
    assert round(by_trainer, 5) == round(by_mteb, 5) == round(float(done.stdout), 5)
