"""Leaks are found and named under the protocols that forbid them; what is only alike is reported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lexfit.config import Params
from lexfit.corpus.audit import Rules, compare_groups, compare_texts, extract, judge_similar, training_texts
from lexfit.corpus.verdict import make_report, methods, refuse_leaks
from lexfit.errors import LexfitError
from lexfit.reporting.audit_page import audit_page
from tests.corpus.test_source_groups import judgments, plant, retold, story

HELD, OTHER = " ".join(story(1)), " ".join(story(2))
EVALUATION = [{"id": "q1", "role": "test", "text": HELD}, {"id": "q2", "role": "train", "text": OTHER}]
DOCUMENTS = [{"id": "d1", "role": "candidate", "text": " ".join(story(3, 40))}]


def query(key: str, text: str, source: str = "other", **more: Any) -> dict[str, Any]:
    return {"id": key, "source": source, "text": text, "clean_text": text, "fold": 0, **more}


def rules(make_params: Callable[..., Params], protocol: str = "holdout", folds: dict[str, int] | None = None) -> Rules:
    overrides = {"zero_shot": ["data/train=constitution"], "kfold": [], "holdout": [], "all_labels": []}[protocol]
    params = make_params(f"protocol={protocol}", *overrides)
    return Rules(params.protocol, params.audit, folds or {})


def compare(
    rule: Rules, queries: list[dict[str, Any]], documents: list[dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    return compare_texts(training_texts(queries, documents or []), EVALUATION, DOCUMENTS, rule, 0)


@pytest.mark.parametrize(
    "planted",
    [
        HELD,
        HELD.upper(),
        "It is said: " + HELD[: len(HELD) // 3],
        " ".join(retold(story(1), 20, 1)),
        " ".join([*story(9, 300), *story(1)]),
    ],
    ids=["exact", "case", "a part", "partly reworded", "inside a longer text"],
)
def test_a_planted_query_is_a_leak(make_params: Callable[..., Params], planted: str) -> None:
    (pair,) = compare(rules(make_params), [query("other/x", planted), query("other/y", " ".join(story(8)))])
    assert (pair["training"], pair["evaluation"], pair["leak"]) == ("other/x", "q1", True)


def test_a_cleaned_text_is_looked_at_too(make_params: Callable[..., Params]) -> None:
    record = {**query("other/x", " ".join(story(8))), "clean_text": HELD}
    assert [p["leak"] for p in compare(rules(make_params), [record])] == [True]


def test_overlap_with_a_query_that_may_train_or_with_a_document_is_reported(make_params: Callable[..., Params]) -> None:
    found = compare(
        rules(make_params), [query("other/x", OTHER)], [{**DOCUMENTS[0], "id": "other/d", "source": "other"}]
    )
    assert {(p["training"], p["evaluation"], p["exact"], p["leak"]) for p in found} == {
        ("other/x", "q2", True, False),
        ("other/d", "d1", True, False),
    }


def test_a_document_leaks_where_it_holds_half_a_query_not_where_the_query_quotes_it(
    make_params: Callable[..., Params],
) -> None:
    quoted = {"id": "other/s", "source": "other", "text": " ".join(story(1)[:30])}
    holding = {"id": "other/t", "source": "other", "text": " ".join([*story(7, 50), *story(1)[:90]])}
    found = compare(rules(make_params), [], [quoted, holding])
    assert {p["training"]: p["leak"] for p in found} == {"other/s": False, "other/t": True}


def test_under_kfold_a_query_is_held_out_of_the_other_folds(make_params: Callable[..., Params]) -> None:
    rule = rules(make_params, "kfold", {"q1": 1, "q2": 0})
    records = [{**q, "role": "train"} for q in EVALUATION]
    same = query("other/a", HELD) | {"fold": 1}
    apart = query("other/b", HELD) | {"fold": 2}
    own = query("q1", HELD, "task") | {"fold": 1}
    found = compare_texts(training_texts([same, apart, own], []), records, [], rule, 0)
    assert {p["training"]: p["leak"] for p in found} == {"other/a": False, "other/b": True}
    rule = rules(make_params, "all_labels", {"q1": 1})
    assert not [p for p in compare_texts(training_texts([apart], []), records, [], rule, 0) if p["leak"]]


def test_a_group_leaks_if_it_trains(make_params: Callable[..., Params]) -> None:
    texts = judgments(150)
    plant(texts, "C7", retold(story(1), 3, 2))
    plant(texts, "C9", retold(story(1), 3, 2))
    training = [query("c/C7-0", "a passage from elsewhere", "c", group="C7"), query("c/C1-0", "x", "c", group="C1")]
    (pair,) = compare_groups({"c": texts}, training, EVALUATION, rules(make_params))
    assert (pair["training"], pair["evaluation"], pair["leak"]) == ("c/C7", "q1", True)


def test_similar_meaning_is_shown_and_near_identity_a_leak(make_params: Callable[..., Params]) -> None:
    training = [query("other/x", "a b c"), query("other/y", "d e f"), query("q2", OTHER, "task")]
    similar = [("other/x", "q1", 0.96), ("other/y", "q1", 0.85), ("other/x", "q2", 0.99), ("q2", "q2", 1.0)]
    found = judge_similar(similar, training, EVALUATION, rules(make_params))
    assert [(p["training"], p["evaluation"], p["leak"]) for p in found] == [
        ("other/x", "q1", True),
        ("other/y", "q1", False),
        ("other/x", "q2", False),
    ]


def report(make_params: Callable[..., Params], pairs: list[dict[str, Any]]) -> dict[str, Any]:
    params = make_params()
    compared = dict.fromkeys(
        (
            "training_queries",
            "training_documents",
            "groups",
            "evaluation_queries",
            "held_out_queries",
            "evaluation_documents",
        ),
        7,
    )
    dropped = [
        {
            "kind": "group",
            "source": "c",
            "first": "c/C9",
            "second": "q1",
            "share": 0.9,
            "evidence": 0.8,
            "shared": HELD,
            "queries": 2,
        }
    ]
    summary = {"dropped": dropped, "corpus_seen": {"documents": 1, "of": 3, "by_overlap": []}}
    found = make_report("holdout", methods(params, embedded=True), compared, pairs, summary)
    return found | {"training_datasets": ["AILACasedocs"]}


def test_the_error_names_both_sides_the_words_and_the_remedy(make_params: Callable[..., Params]) -> None:
    found = report(make_params, compare(rules(make_params), [query("other/x", HELD)]))
    with pytest.raises(LexfitError) as caught:
        refuse_leaks(found, ["other"], "stage audit", Path("logs/audit.md"))
    message = str(caught.value)
    for expected in ("'other/x'", "'q1'", " ".join(story(1)[:10]), "data.train.other.overlap=drop", "logs/audit.md"):
        assert expected in message
    refuse_leaks(report(make_params, []), ["other"], "stage audit", Path("x"))


def test_the_page_shows_what_was_compared_dropped_and_found_in_short_extracts(
    make_params: Callable[..., Params],
) -> None:
    rule = rules(make_params)
    pairs = compare(rule, [query("other/x", HELD)])
    pairs += judge_similar([("other/x", "q1", 0.83)], [query("other/x", "a b")], EVALUATION, rule)
    page = audit_page(report(make_params, pairs))
    for expected in ("c/C9", "leak: 1 pairs", "cosine similarity 0.830", "AILACasedocs", "**leak**", "1 of 3"):
        assert expected in page
    assert " ".join(story(1)[:13]) not in page


def test_extracts_are_short() -> None:
    assert extract("a b") == "a b"
    assert extract(HELD).split() == [*story(1)[:12], "…"]


def test_shown_pairs_are_bounded_and_all_counted(make_params: Callable[..., Params]) -> None:
    documents = [{"id": f"other/{i}", "source": "other", "text": DOCUMENTS[0]["text"]} for i in range(70)]
    found = report(make_params, compare(rules(make_params), [], documents))
    assert found["found"] == {"document and evaluation document": 70}
    assert len(found["pairs"]) == 50
