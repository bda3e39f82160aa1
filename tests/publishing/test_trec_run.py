"""A ranking in TREC format is the one that the run reports, or it isn't written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lexfit.errors import LexfitError
from lexfit.evaluation.runs import write_run
from lexfit.publishing.finished_run import FinishedRun, read_run
from lexfit.publishing.trec_run import Ranking, format_run, ranking_of, write_trec_run
from tests.stages.workspace import Workspace


def test_lines_ranks_and_digits() -> None:
    text = format_run({"q1": {"b": 0.1, "a": 1 / 3, "c": 0.1}}, "tag")
    assert text == f"q1 Q0 a 1 {1 / 3!r} tag\nq1 Q0 b 2 0.1 tag\nq1 Q0 c 3 0.1 tag\n"


def test_blanks_in_ids_become_underscores_where_that_is_one_to_one() -> None:
    assert format_run({"q 1": {"239 A  A": 1.0}}, "t") == "q_1 Q0 239_A_A 1 1.0 t\n"
    with pytest.raises(LexfitError, match="id 'a_b': is the same as 'a b' in a TREC run"):
        format_run({"q": {"a b": 1.0, "a_b": 0.5}}, "t")


def test_judgements_follow_the_renamed_ids(tmp_path: Path) -> None:
    reported = {"methods": {"finetuned": {"map": 1.0, "ndcg_at_10": 1.0}}}
    ranking = Ranking("n", "t", {"q 1": {"d 1": 1.0, "d2": 0.5}}, {"q 1": {"d 1": 1}}, reported)
    assert write_trec_run(tmp_path / "x.run", ranking, "tag") == {"ndcg_at_10": 1.0, "map": 1.0}


def test_fire_queries_over_all_statutes_come_first(run: FinishedRun) -> None:
    ranking = ranking_of(run)
    assert ranking is not None
    assert ranking.name == "fire2019"
    assert ranking.title == "FIRE 2019 AILA task 2: 10 queries over all statutes of the release"
    assert {len(docs) for docs in ranking.run.values()} == {12}
    assert ranking.reported == run.scores["fire2019"]


def test_without_those_it_is_the_held_out_queries(
    run: FinishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "run.tsv", {"AILA_Q1": {"S1": 0.5, "S2": 0.25}})
    monkeypatch.setattr("lexfit.publishing.trec_run.RESULTS", tmp_path)
    ranking = ranking_of(run)
    assert ranking is not None
    assert (ranking.name, ranking.reported) == ("AILAStatutes", run.scores["claim"])
    assert "S58" not in {d for docs in ranking.qrels.values() for d in docs}
    fire = replace(run, params=replace(run.params, protocol=replace(run.params.protocol, name="fire2019")))
    found = ranking_of(fire)
    assert found is not None
    assert (found.name, found.reported) == ("fire2019", run.scores["claim"])


def test_a_model_that_saw_every_query_has_no_ranking_to_show(
    kfold: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(kfold.root)
    run = read_run()
    assert ranking_of(run) is not None
    assert ranking_of(replace(run, folds=[])) is None


def test_the_ranking_of_another_model_is_refused(run: FinishedRun, tmp_path: Path) -> None:
    ranking = ranking_of(run)
    assert ranking is not None
    turned = {q: {d: -s for d, s in docs.items()} for q, docs in ranking.run.items()}
    with pytest.raises(LexfitError, match=r"x\.run: scores \w+ 0\.\d+, and the run reports 0\.\d+"):
        write_trec_run(tmp_path / "x.run", ranking._replace(run=turned), "tag")
