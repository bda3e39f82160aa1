"""mteb on local data gives the published numbers, and our own measures agree with it query by query."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mteb.results import TaskResult
from sentence_transformers import SentenceTransformer

from lexfit.config import Params
from lexfit.corpus.records import Collection, Document
from lexfit.corpus.sources import load
from lexfit.evaluation.benchmark import Bm25Search, as_encoder, benchmark
from lexfit.evaluation.cached_encoder import cached
from lexfit.evaluation.dense import dense_run
from lexfit.evaluation.tasks import make_task
from lexfit.evaluation.trec import evaluate, mean, qrels_of
from lexfit.training.base_models import load_base_model, prepare_torch

MakeParams = Callable[..., Params]


def published(reference: Path, name: str) -> dict[str, float]:
    block = json.loads((reference / "aila_statutes_published_scores.json").read_text())["models"][name]
    return {k: v for k, v in block.items() if k not in {"revision", "mteb"}}


def aila_scores(params: Params, release: Path, folder: Path) -> dict[str, Any]:
    prepare_torch(params.hardware, params.seed)
    model = cached(load_base_model(params.model, params.hardware, params.runtime), params.runtime)
    collection = load(dataclasses.replace(params.data, path=str(release)))
    return benchmark(
        as_encoder(model, params.model.hub_id, params.model.revision), make_task(collection), folder, 32
    ).scores


def as_published(scores: dict[str, Any], names: dict[str, float]) -> dict[str, float]:
    return {k: round(scores[k], 6 if k.startswith("mrr") else 5) for k in names}


def test_untrained_minilm_on_ailastatutes_gives_all_30_published_numbers(
    make_params: MakeParams, aila_release: Path, reference: Path, tmp_path: Path
) -> None:
    expected = published(reference, "sentence-transformers/all-MiniLM-L6-v2")
    assert len(expected) == 30
    scores = aila_scores(make_params("data=aila_fire", "protocol=kfold"), aila_release, tmp_path)
    assert as_published(scores, expected) == expected


def test_untrained_mpnet_on_ailastatutes_gives_all_30_published_numbers(
    make_params: MakeParams, aila_release: Path, reference: Path, tmp_path: Path
) -> None:
    folder = os.environ.get("LEXFIT_ALL_MPNET")
    if not folder:
        pytest.skip(
            "all-mpnet-base-v2 absent: `runs/fetch_mpnet.sh` fetches it; then set LEXFIT_ALL_MPNET to its folder"
        )
    expected = published(reference, "sentence-transformers/all-mpnet-base-v2")
    params = make_params("data=aila_fire", "protocol=kfold", "model=all-mpnet-base-v2", f"model.path={folder}")
    assert as_published(aila_scores(params, aila_release, tmp_path), expected) == expected


def test_untrained_minilm_over_197_statutes_scores_as_the_reference(
    make_params: MakeParams, aila_release: Path
) -> None:
    params = make_params("data=aila_fire", "protocol=fire2019")
    prepare_torch(params.hardware, params.seed)
    collection = load(dataclasses.replace(params.data, path=str(aila_release)))
    queries = {q.id: q.text for q in collection.queries if int(q.id[6:]) > 10}
    model = load_base_model(params.model, params.hardware, params.runtime)
    run = dense_run(model, queries, {d.id: [d.full_text] for d in collection.documents}, 32)
    scored = evaluate(run, qrels_of(collection.judgements, queries))
    assert round(mean(scored, "map"), 4) == pytest.approx(0.0680, abs=0.0002)


@pytest.fixture
def encoder(tiny_model: Path) -> SentenceTransformer:
    return SentenceTransformer(str(tiny_model), device="cpu")


def test_own_measures_equal_mtebs_query_by_query(
    encoder: SentenceTransformer, collection: Collection, tmp_path: Path
) -> None:
    done = benchmark(as_encoder(encoder, "a/b", "1"), make_task(collection), tmp_path, 4)
    own_run = dense_run(
        encoder,
        {q.id: q.text for q in collection.queries if q.split == "test"},
        {d.id: [d.full_text] for d in collection.documents},
        4,
    )
    own = evaluate(own_run, qrels_of(collection.judgements, ["q4", "q5"]))
    assert set(done.per_query) == {"q4", "q5"}
    for query, scores in done.per_query.items():
        assert own[query]["ndcg_at_10"] == pytest.approx(scores["ndcg_cut_10"], abs=1e-6)
    assert round(mean(own, "ndcg_at_10"), 5) == done.scores["ndcg_at_10"]


def test_results_file_is_mtebs_own_and_free_of_clock_readings(
    encoder: SentenceTransformer, collection: Collection, tmp_path: Path
) -> None:
    for run in ("one", "two"):
        benchmark(as_encoder(encoder, "org/model", "abc"), make_task(collection), tmp_path / run, 4)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.json"))
    assert [f.name for f in files] == ["LocalRetrieval.json", "model_meta.json"]
    assert files[0].parent.parts[-2:] == ("org__model", "abc")
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    loaded = TaskResult.from_disk(tmp_path / "one" / files[0])
    assert loaded.scores["test"][0]["main_score"] == loaded.scores["test"][0]["ndcg_at_10"]


def test_two_models_of_one_name_never_share_a_score(
    encoder: SentenceTransformer, collection: Collection, tmp_path: Path, tiny_model: Path
) -> None:
    import torch

    first = benchmark(as_encoder(encoder, "org/model", "abc"), make_task(collection), tmp_path, 4)
    other = SentenceTransformer(str(tiny_model), device="cpu")
    for parameter in other.parameters():
        torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(3))
    second = benchmark(as_encoder(other, "org/model", "abc"), make_task(collection), tmp_path, 4)
    assert first.run != second.run


def test_bm25_through_mteb(collection: Collection, tmp_path: Path) -> None:
    done = benchmark(Bm25Search(), make_task(collection), tmp_path, 4)
    assert done.scores["ndcg_at_1"] == 1.0


def test_split_documents_rank_by_best_passage(encoder: SentenceTransformer) -> None:
    whole = dense_run(encoder, {"q": "murder"}, {"d": ["murder"], "e": ["tax on land"]}, 4)
    split = dense_run(encoder, {"q": "murder"}, {"d": ["tax on land", "murder"], "e": ["tax on land"]}, 4)
    assert split["q"]["d"] == pytest.approx(whole["q"]["d"], abs=1e-6)


def test_task_ranks_untouched_texts(collection: Collection) -> None:
    untouched = "  odd   spacing \u00a0 kept  "
    raw = dataclasses.replace(collection, documents=[*collection.documents, Document("d9", "", untouched)])
    assert make_task(raw).dataset["default"]["test"]["corpus"][-1]["text"] == untouched
