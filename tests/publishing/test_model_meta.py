"""What mteb is told of a model is what the run knows; what it doesn't know is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lexfit.errors import LexfitError
from lexfit.publishing.eval_results import merge
from lexfit.publishing.finished_run import FinishedRun
from lexfit.publishing.model_meta import as_python, declared_datasets, make_meta, module_name, public_data


def trained_on(run: FinishedRun, facts: dict[str, Any], **source: Any) -> FinishedRun:
    """The run with another training source in the place of its own."""
    train = {"beir": replace(run.params.data.train["beir"], **source)}
    params = replace(run.params, data=replace(run.params.data, train=train))
    return replace(run, params=params, sources={**run.sources, "beir": {**run.sources["beir"], **facts}})


def with_card(run: FinishedRun, **card: Any) -> FinishedRun:
    return replace(run, params=replace(run.params, card=replace(run.params.card, **card)))


@pytest.mark.parametrize(
    ("facts", "source", "public"),
    [
        ({"address": "file:cases"}, {}, None),
        ({"address": "hf:datasets/mteb/scifact"}, {}, "https://huggingface.co/datasets/mteb/scifact"),
        ({"address": "pypi:book"}, {}, "https://pypi.org/project/book/"),
        ({"address": "pypi:book", "situations": {}}, {}, None),
        ({"address": "https://x.org/a.zip"}, {}, "https://x.org/a.zip"),
        ({"address": "file:a.zip"}, {"url": "https://x.org/a.zip"}, None),
        ({"address": "file:a.zip"}, {"url": "https://x.org/a.zip", "sha256": "1"}, "https://x.org/a.zip"),
        ({"address": "file:a.zip"}, {"url": "https://x.org/a.zip", "sha256": "2"}, None),
        ({"address": "https://x.org/a.zip"}, {"source": "synthetic"}, None),
        ({"address": "https://x.org/a.zip", "texts": {"kind": "independent"}}, {"source": "citations"}, None),
    ],
)
def test_data_are_public_only_where_an_address_is_known_to_have_them(
    run: FinishedRun, facts: dict[str, Any], source: dict[str, Any], public: str | None
) -> None:
    assert public_data(trained_on(run, facts, **source)) == public


def test_several_public_sources_are_true_and_one_that_is_not_hides_all(run: FinishedRun) -> None:
    changed = trained_on(run, {"address": "https://x.org/a.zip"})
    params = replace(changed.params, protocol=replace(run.params.protocol, name="all_labels"))
    facts = {**changed.sources, "task": {**run.sources["task"], "address": "https://x.org/b.zip"}}
    assert public_data(replace(changed, params=params, sources=facts)) is True
    assert public_data(replace(changed, params=params)) is None  # the task's own file, which trains here


def test_a_data_set_of_mteb_that_trained_under_its_address_is_declared(run: FinishedRun) -> None:
    assert declared_datasets(run) == set()
    changed = trained_on(run, {}, hub_id="mteb/scifact")
    assert declared_datasets(changed) == {"SciFact"}
    assert declared_datasets(replace(changed, audit={**run.audit, "training_datasets": ["AILACasedocs"]})) == {
        "AILACasedocs",
        "SciFact",
    }
    assert make_meta(changed, "a/b", "1").is_zero_shot_on(["SciFact"]) is False


def test_a_licence_that_mteb_has_no_word_for_is_given_by_its_address(run: FinishedRun) -> None:
    assert make_meta(with_card(run, license="llama3.1"), "a/b", "1").license == (
        "https://www.llama.com/llama3_1/license/"
    )
    with pytest.raises(LexfitError, match="ModelMeta: license"):
        make_meta(with_card(run, license="other"), "a/b", "1")


def test_a_language_that_nobody_knows_is_refused(run: FinishedRun) -> None:
    with pytest.raises(LexfitError, match=r"card\.language: mteb knows no language 'xx'"):
        make_meta(with_card(run, language="xx"), "a/b", "1")


def test_matryoshka_dimensions_are_all_declared(run: FinishedRun) -> None:
    loss = replace(run.params.loss, matryoshka_dims=[16, 8])
    changed = replace(run, params=replace(run.params, loss=loss))
    meta = make_meta(changed, "a/b", "1")
    assert meta.embed_dim == [8, 16, 32]
    assert "embed_dim=[8, 16, 32]" in as_python(meta, changed)


@pytest.mark.parametrize(
    ("repo", "module", "variable"),
    [
        ("Acme-Labs/Statutes.v2", "acme_labs_models.py", "\nstatutes_v2 = ModelMeta("),
        ("3M/2b-law", "model_3m_models.py", "\nmodel_2b_law = ModelMeta("),
    ],
)
def test_names_are_python_names(run: FinishedRun, repo: str, module: str, variable: str) -> None:
    text = as_python(make_meta(run, repo, "1"), run)
    assert module_name(repo) == module
    assert variable in text
    compile(text, module, "exec")


def test_a_card_with_another_score_than_mtebs_file_is_refused() -> None:
    from huggingface_hub import EvalResult

    def result(value: float, **fields: Any) -> EvalResult:
        given = {"dataset_split": "test", "dataset_name": "D", "metric_type": "ndcg_at_10", **fields}
        return EvalResult(task_type="retrieval", dataset_type="a/d", metric_value=value, **given)

    own, claim, written = result(0.5), result(0.4, dataset_split="held-out"), result(0.5, dataset_config="default")
    assert merge([own, claim], [written]) == [claim, written]
    with pytest.raises(LexfitError, match=r"model_card\.md: says ndcg_at_10 0\.51 of D, and mteb wrote 0\.5"):
        merge([result(0.51)], [written])
