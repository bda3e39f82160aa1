"""The question about training on the evaluation data has a true answer under each protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mteb.models.model_implementations import MODEL_REGISTRY

from lexfit.corpus.protocols import claims
from lexfit.publishing.answer import training_answer
from lexfit.publishing.finished_run import FinishedRun
from lexfit.publishing.model_meta import make_meta
from lexfit.publishing.pull_request import label_of


def under(run: FinishedRun, protocol: Any, trained: int, **scores: Any) -> list[str]:
    clean, label = claims(protocol, "task")
    mteb = {**run.scores["mteb"], "queries": 50, "clean": clean, "label": label}
    changed = replace(
        run,
        params=replace(run.params, protocol=replace(run.params.protocol, name=protocol)),
        scores={**run.scores, "mteb": mteb, **scores},
        pairs={**run.pairs, "training_queries": {"task": trained} if trained else {"beir": 6}},
    )
    return training_answer(changed)


@pytest.mark.parametrize(
    ("protocol", "trained", "headline"),
    [
        ("zero_shot", 0, "No. None of the 50 queries of AILAStatutes and none of its relevance judgements trained"),
        (
            "holdout",
            90,
            "Yes, on its training split: 90 queries of the data set and their judgements trained",
        ),
        ("fire2019", 9, "Yes, on a part of it: 9 of the 50 queries of AILAStatutes and their judgements trained"),
        ("kfold", 50, "Yes. All 50 queries of AILAStatutes and their judgements trained the model."),
        ("all_labels", 50, "Yes. All 50 queries of AILAStatutes and their judgements trained the model."),
    ],
)
def test_the_headline_says_what_trained(run: FinishedRun, protocol: str, trained: int, headline: str) -> None:
    answer = under(run, protocol, trained)
    assert answer[0].startswith(headline)
    assert claims(protocol, "task")[1] in answer[1]


def test_a_contaminated_score_comes_with_what_is_claimed_instead(run: FinishedRun) -> None:
    assert not [s for s in under(run, "zero_shot", 0) if "instead" in s]
    claim = {**run.scores["claim"], "label": "clean: each query is ranked by a model that never saw it", "queries": 50}
    value = claim["methods"]["finetuned"]["ndcg_at_10"]
    said = " ".join(under(run, "kfold", 50, claim=claim))
    assert f"nDCG@10 {value} over 50 queries, clean: each query is ranked by a model that never saw it" in said
    assert "claims no score: there is no query that the model hasn't seen" in " ".join(
        under(run, "all_labels", 50, claim=None)
    )


def test_documents_seen_and_unseen_are_told_apart(run: FinishedRun) -> None:
    seen = " ".join(under(run, "zero_shot", 0, corpus_seen={"documents": 82, "of": 82}))
    assert "The texts of 82 of the 82 documents that are ranked took part in training" in seen
    unseen = " ".join(under(run, "zero_shot", 0, corpus_seen={"documents": 0, "of": 82}))
    assert "None of the 82 documents that are ranked has its text in what trained" in unseen


def test_what_was_left_out_is_named(run: FinishedRun) -> None:
    dropped = [{"first": f"citations/C{i}", "second": f"AILA_Q{i}"} for i in range(12)]
    said = " ".join(training_answer(replace(run, audit={**run.audit, "dropped": dropped})))
    assert "citations/C0 for AILA_Q0" in said
    assert said.count(" for AILA_Q") == 10
    assert "and 2 more" in said


def test_a_base_model_that_trained_on_the_task_makes_it_a_yes(
    run: FinishedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = run.params.model.hub_id
    meta = make_meta(run, "a/b", "1")
    assert label_of(run, meta, run.task).startswith("clean")
    assert "MSMARCO" in training_answer(run)[-1]
    monkeypatch.setitem(MODEL_REGISTRY, name, MODEL_REGISTRY[name].model_copy(update={"training_datasets": {run.task}}))
    assert training_answer(run)[0] == (
        f"Yes, before this training: mteb has AILAStatutes among the data sets that trained the base model {name}."
    )
    assert label_of(run, meta, run.task).startswith("contaminated")


def test_a_base_model_that_mteb_does_not_have_is_said_to_be_unknown(run: FinishedRun) -> None:
    changed = replace(run, params=replace(run.params, model=replace(run.params.model, hub_id="acme/unheard")))
    assert training_answer(changed)[0].startswith("No.")
    assert "What trained the base model acme/unheard isn't declared in mteb" in training_answer(changed)[-1]
    said = label_of(changed, make_meta(changed, "a/b", "1"), "NFCorpus")
    assert said == "not among the training data that the model declares; its base declares none"
