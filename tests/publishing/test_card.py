"""The card parses, says what the run's files say, and labels every score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from huggingface_hub import ModelCard
from jinja2 import UndefinedError

from lexfit.config import Params
from lexfit.publishing.card import render_card


def comparison(value: float) -> dict[str, Any]:
    method = {
        "ndcg_at_10": value,
        "low": 0.1,
        "high": 0.9,
        "map": 0.2,
        "recip_rank": 0.3,
        "p_at_10": 0.1,
        "recall_at_10": 0.4,
    }
    return {
        "queries": 60,
        "folds": 3,
        "methods": dict.fromkeys(("bm25", "untrained", "finetuned"), method),
        "gain": {
            "mean": 0.1,
            "low": 0.05,
            "high": 0.15,
            "p_value": 0.001,
            "better": 40,
            "equal": 5,
            "worse": 15,
        },
    }


def cost(change: float) -> dict[str, float]:
    """What a form costs, as stage exports writes it."""
    return {"ndcg_at_10": 0.12345 + change, "change": change, "low": change - 0.01, "high": change + 0.01}


def facts(protocol: str = "holdout", clean: bool = True) -> dict[str, Any]:
    mteb = {
        m: {"ndcg_at_10": 0.12345, "map_at_10": 0.1, "recall_at_10": 0.2, "mrr_at_10": 0.3}
        for m in ("bm25", "untrained", "finetuned")
    }
    label = "clean: held out" if clean else "contaminated: trained on these queries"
    return {
        "scores": {
            "protocol": protocol,
            "seed": 42,
            "mteb": {"task": "AILAStatutes", "queries": 50, "clean": clean, "label": label, "methods": mteb},
            "crossval": comparison(0.4),
            "held_out": {},
            "fire2019": None,
            "part": None,
            "tasks": {},
            "claim": None
            if protocol == "all_labels"
            else {"clean": True, "label": "clean: held out", **comparison(0.4321)},
            "retention": {
                "tasks": {
                    "docstrings": {
                        "source": "standard library of Python 3.11.7",
                        "queries": 200,
                        "base": 0.78,
                        "tuned": 0.7654,
                        "change": -0.0146,
                        "low": -0.03,
                        "high": 0.001,
                    }
                },
                "mean": {"base": 0.78, "tuned": 0.7654, "change": -0.0146},
            },
        },
        "sources": {
            "task": {
                "source": "aila_fire",
                "address": "file:x.zip",
                "revision": "r",
                "license": "cc-by-4.0",
                "counts": {"documents": 197, "queries": 50},
            }
        },
        "clean": {
            "task": {
                "documents": {"texts": 197, "whitespace": {"changed": 3}},
                "duplicates": {"documents": [], "queries": []},
            }
        },
        "pairs": {
            "task_queries": {"train": 50},
            "candidates": 82,
            "dropped": [],
            "corpus_seen": {"documents": 82, "of": 82},
        },
        "audit": {
            "verdict": "clean: none of the 50 held-out queries was found in what trains",
            "compared": {
                "training_queries": 90,
                "training_documents": 465,
                "groups": 3,
                "evaluation_queries": 50,
                "held_out_queries": 50,
                "evaluation_documents": 82,
            },
            "methods": {"ngram": {"words": 10}, "embedding": None},
            "dropped": [
                {
                    "kind": "group",
                    "first": "citations/C113",
                    "second": "AILA_Q21",
                    "queries": 2,
                    "share": 0.96,
                    "shared": "the respondent was appointed",
                },
                {
                    "kind": "query",
                    "first": "AILA_Q2",
                    "second": "AILA_Q50",
                    "queries": 1,
                    "share": 0.77,
                    "shared": "against the first respondent",
                },
            ],
            "corpus_seen": {"documents": 15, "of": 82},
            "training_datasets": ["AILACasedocs"],
        },
        "exports": {
            "whole": {"ndcg_at_10": 0.12345, "queries": 50, "dim": 384, "vector_bytes": 1536, "bytes": 90_900_000},
            "cuts": {
                "int8-384": {"dim": 384, "precision": "int8", "symmetric": False, "vector_bytes": 384, **cost(0.0049)}
            },
            "forms": {
                f"openvino-{precision}": {
                    "backend": "openvino",
                    "precision": precision,
                    "file": f"openvino/{precision}.xml",
                    "bytes": 23_300_000,
                    "versions": {"openvino": "1"},
                    **cost(change),
                }
                for precision, change in (("float32", 0.0), ("int8", -0.0004))
            },
        },
        "speeds": {
            "machine": {"processor": "AMD EPYC", "cores": 2, "threads": 2, "load": 0.1},
            "texts": 64,
            "batch_size": 32,
            "repeats": 5,
            "search_vectors": 100_000,
            "forms": {
                name: {"per_second": 37.4 * times, "times": times, "least": times, "most": times}
                for name, times in (("torch", 1.0), ("openvino-float32", 2.0), ("openvino-int8", 4.25))
            },
            "cuts": {},
        },
        "negatives": {"negatives": 100},
        "adaptation": None,
        "pretraining": None,
        "model": {
            "queries": 50,
            "pairs": 217,
            "steps": 28,
            "attention": "sdpa",
            "trainable_parameters": 1,
            "parameters": 2,
            "loss": {"name": "Masked"},
        },
        "commit": "abc123",
        "hashes": {"data/model": "d41d8.dir"},
    }


def test_front_matter_parses_and_holds_what_the_hub_asks_for(make_params: Callable[..., Params]) -> None:
    params = make_params("data=aila_fire", "protocol=kfold")
    data: Any = ModelCard(render_card(params, facts("kfold"))).data
    assert (data.language, data.license, data.library_name) == ("en", "apache-2.0", "sentence-transformers")
    assert data.base_model == "sentence-transformers/all-MiniLM-L6-v2"
    assert data.datasets == ["mteb/AILA_statutes"]
    values = {r.metric_value for r in data.eval_results or []}
    assert values == {0.12345, 0.4321}


def test_scores_data_and_provenance_stand_in_the_text(make_params: Callable[..., Params]) -> None:
    text = render_card(make_params("data=aila_fire", "protocol=kfold"), facts("kfold"))
    for expected in (
        "0.43210",
        "0.12345",
        "cc-by-4.0",
        "abc123",
        "d41d8.dir",
        "(`training_datasets`): AILACasedocs",
        "citations/C113 (2 queries), from which the query AILA_Q21 was taken",
        "AILA_Q2, which shares 77 % of its text with the query AILA_Q50",
        "none of the 50 held-out queries",
        "15 of 82",
    ):
        assert expected in text


@pytest.mark.parametrize(("protocol", "clean"), [("all_labels", False), ("kfold", False)])
def test_a_contaminated_score_is_labelled_in_text_and_front_matter(
    make_params: Callable[..., Params], protocol: str, clean: bool
) -> None:
    text = render_card(make_params("data=aila_fire", f"protocol={protocol}"), facts(protocol, clean))
    data: Any = ModelCard(text).data
    results = data.eval_results or []
    assert any("contaminated" in r.dataset_name for r in results)
    assert "contaminated: trained on these queries" in text
    assert ("makes no claim" in text) is (protocol == "all_labels")


def test_retention_stands_in_the_text_or_is_said_to_be_unknown(make_params: Callable[..., Params]) -> None:
    row = "| docstrings | standard library of Python 3.11.7 | 200 | 0.7800 | 0.7654 | -0.0146 | -0.0300 to +0.0010 |"
    given = facts()
    assert row in render_card(make_params(), given)
    given["scores"]["retention"] = {"tasks": {}, "mean": None}
    text = render_card(make_params("retention=none"), given)
    assert "Not measured" in text
    assert row not in text


def test_a_missing_fact_is_an_error_and_no_blank(make_params: Callable[..., Params]) -> None:
    broken = facts()
    del broken["pairs"]["candidates"]
    with pytest.raises(UndefinedError, match="candidates"):
        render_card(make_params(), broken)


def test_a_first_training_is_told_apart_from_the_second(make_params: Callable[..., Params]) -> None:
    recipe = ["data=aila_fire", "data/train=citations", "protocol=kfold", "pretrain=further"]
    further = ["batches.windows=3", "train.average_epochs=2", "pretrain.recipe.batches.refresh_documents=4"]
    given = facts("kfold")
    given["pretraining"] = {**given["model"], "queries": 5108, "steps": 40}
    losses = {"mean_loss_of_first_tenth": 7.1, "mean_loss_of_last_tenth": 5.2}
    given["adaptation"] = {"texts": 197, "steps": 100, **losses}
    text = render_card(make_params(*recipe, *further), given)
    (first,) = [
        line for line in text.splitlines() if line.startswith("- First trained on citations alone (5108 queries)")
    ]
    assert "(40 steps)" in first
    assert "50 windows of queries (217 window-statute pairs)" in text
    assert "50 queries (217 query-statute pairs)" in render_card(make_params(), facts())
    assert "learning rate 0.0003, each document embedded anew in one step of 4, interpolated with the base" in first
    (second,) = [
        line for line in text.splitlines() if line.startswith("- Trained from there on the task's own queries")
    ]
    assert "queries in up to 3 windows of 180 words, mean of the weights after the last 2 epochs" in second
    assert "embedded anew" not in second
    assert "- Adapted to the documents that train by TSDAE: 100 steps of 16 texts" in text
    assert "loss 7.1 at first, 5.2 at last" in text
    assert "First trained" not in render_card(make_params(), facts())
    assert "Adapted" not in render_card(make_params(), facts())


def test_the_card_says_what_other_forms_cost_and_how_fast_they_are(make_params: Callable[..., Params]) -> None:
    text = render_card(make_params(), facts())
    assert "| OpenVINO int8 | `openvino/int8.xml` | 23.3 | 0.12305 | -0.04 | -1.04 to +0.96 | " in text
    assert "| 4.25 (4.25 to 4.25) |" in text
    assert "| int8, 384 dimensions | float32 | 384 | 0.12835 | +0.49 | -0.51 to +1.49 | not measured |" in text
    assert "no evaluation query was among them" in text
    none: dict[str, Any] = {
        "exports": {"whole": None, "cuts": {}, "forms": {}},
        "speeds": {"machine": None, "forms": {}, "cuts": {}},
    }
    assert "Smaller and faster forms" not in render_card(make_params(), facts() | none)
