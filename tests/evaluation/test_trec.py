"""lexfit's measures reproduce the FIRE 2019 track's published ones, and pytrec_eval's conventions."""

from __future__ import annotations

import dataclasses
import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from lexfit.config import Params
from lexfit.corpus.records import Collection
from lexfit.corpus.sources import load
from lexfit.errors import LexfitError
from lexfit.evaluation.runs import bm25_run, read_run, write_run
from lexfit.evaluation.trec import FIRE_MEASURES, evaluate, mean, parse_trec_run, qrels_of

TEST_QUERIES = [f"AILA_Q{number}" for number in range(11, 51)]


@pytest.fixture
def release(make_params: Callable[..., Params], aila_release: Path) -> Collection:
    return load(dataclasses.replace(make_params("data=aila_fire", "protocol=fire2019").data, path=str(aila_release)))


def test_the_winning_run_of_fire_2019_scores_as_published(release: Collection, reference: Path) -> None:
    text = gzip.decompress((reference / "fire2019_thuir_legal_2.run.gz").read_bytes()).decode()
    scored = evaluate(parse_trec_run(text, "run"), qrels_of(release.judgements, TEST_QUERIES))
    assert [round(mean(scored, m), 4) for m in FIRE_MEASURES] == [0.1566, 0.0961, 0.2812, 0.0975]
    published = json.loads((reference / "fire2019_task2_published.json").read_text())["runs"][0]
    assert [round(mean(scored, m), d) for m, d in zip(FIRE_MEASURES, (4, 4, 3, 4), strict=True)] == published[1:]


def test_bm25_over_197_statutes_scores_as_the_reference(release: Collection) -> None:
    run = bm25_run({q.id: q.text for q in release.queries}, {d.id: [d.full_text] for d in release.documents})
    scored = evaluate(run, qrels_of(release.judgements, TEST_QUERIES))
    assert round(mean(scored, "map"), 4) == 0.0723


def test_measures_by_hand() -> None:
    scored = evaluate({"q": {"a": 3.0, "b": 2.0, "c": 1.0}}, {"q": {"a": 0, "b": 1, "x": 1}})
    assert scored["q"]["recip_rank"] == 0.5
    assert scored["q"]["map"] == pytest.approx(0.5 / 2)
    assert scored["q"]["p_at_10"] == pytest.approx(0.1)
    assert scored["q"]["ndcg_at_10"] == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))


def test_a_query_without_ranking_counts_as_zero_and_one_without_relevant_documents_not_at_all() -> None:
    scored = evaluate({"q": {"a": 1.0}}, {"q": {"a": 1}, "unranked": {"a": 1}, "hopeless": {"a": 0}})
    assert set(scored) == {"q", "unranked"}
    assert mean(scored, "ndcg_at_10") == 0.5


def test_malformed_runs_name_the_line() -> None:
    with pytest.raises(LexfitError, match=r"my\.run:2: is not"):
        parse_trec_run("q1 Q0 67 1 1.0 tag\nq1 Q0 68 2\n", "my.run")


def test_runs_on_disk_keep_scores_exactly(tmp_path: Path) -> None:
    run = {"q1": {"a": 1 / 3, "b": 0.1 + 0.2}, "q2": {"c": -1e-9}}
    write_run(tmp_path / "run.tsv", run)
    assert read_run(tmp_path / "run.tsv") == run
