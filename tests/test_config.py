"""Bad params end in an error that names the key and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lexfit.compose import compose
from lexfit.config import load_params, parse_params
from lexfit.errors import LexfitError
from tests.conftest import REPO


def value(*overrides: str) -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load(compose(list(overrides), REPO / "conf"))
    return loaded


@pytest.mark.parametrize(
    ("overrides", "key", "remedy"),
    [
        (["+train.epoch=3"], "train.epoch", "Known here"),
        (["data=beir"], "data.license", "Set it"),
        (["train.epochs=two"], "train.epochs", "type int"),
        (["train.epochs=0"], "train.epochs", "at least 1"),
        (["clean.split=pages"], "clean.split", "none, clause, tokens"),
        (["data=aila_fire"], "protocol.name", "protocol=kfold"),
        (["protocol=zero_shot"], "data.train", "data/train=constitution"),
        (["data=aila_fire", "protocol=kfold", "pretrain=further"], "pretrain.recipe", "add a source"),
        (
            ["data=aila_fire", "protocol=zero_shot", "data/train=citations", "pretrain=further"],
            "pretrain.recipe",
            "other than zero_shot",
        ),
        (
            [
                "data=aila_fire",
                "data/train=citations",
                "protocol=kfold",
                "pretrain=further",
                "pretrain.recipe.loss.temperature=0",
            ],
            "pretrain.recipe.loss.temperature",
            "positive",
        ),
        (["generator.temperature=0"], "generator.temperature", "positive"),
        (["generator.top_p=1.5"], "generator.top_p", "(0, 1]"),
        (["generator.max_new_tokens=0"], "generator.max_new_tokens", "at least 1"),
        (["generator.prompt='{text} of {section}'"], "generator.prompt", "conf/generator"),
        (["generator.prompt=anything"], "generator.prompt", "conf/generator"),
        (["train.average_epochs=9"], "train.average_epochs", "raise train.epochs"),
        (["train.average_epochs=2", "adapter=lora"], "train.average_epochs", "Set it to 1"),
        (["train.token_share=0"], "train.token_share", "(0, 1]"),
        (["train.token_share=0.5", "adapter=full"], "train.token_share", "adapter=top2"),
        (["train.token_share=0.5", "adapter=top2", "hardware.trunk_cache=false"], "train.token_share", "adapter=top2"),
        (["batches.windows=0"], "batches.windows", "at least 1"),
        (["batches.refresh_documents=0"], "batches.refresh_documents", "at least 1"),
        (["batches.refresh_documents=2", "loss=masked_mnrl"], "batches.refresh_documents", "loss=corpus_softmax"),
        (["batches.source_temperature=0"], "batches.source_temperature", "positive"),
        (["data/train=constitution", "data.train.constitution.weight=0"], "data.train.constitution.weight", "positive"),
        (["protocol=fire2019"], "protocol.name", "data=aila_fire"),
        (["data=aila_fire", "protocol=fire2019", "data.pool=judged"], "data.pool", "all"),
        (["crossval.folds=[0,2]"], "crossval.folds", "k-1"),
        (["negatives.miners=[bm25,bm26]"], "negatives.miners", "random, bm25, dense"),
        (["batches.negatives=9"], "batches.negatives", "negatives.per_query"),
        (["loss=triplet", "batches.negatives=2"], "batches.negatives", "Set it to 1"),
        (["loss=margin_mse", "batches.negatives=0"], "batches.negatives", "at least 1"),
        (["loss=corpus_softmax"], "batches", "batches=full"),
        (["batches.negatives=0", "batches.remine_every=3"], "batches.remine_every", "set it to 0"),
        (["crossval=none", "data=aila_fire", "protocol=kfold"], "crossval.run", "crossval=five"),
        (["train.max_steps=0"], "train.max_steps", "at least 1"),
        (["train.max_steps=5", "train.schedule_epochs=4"], "train.max_steps", "null"),
        (["train.interpolation=0"], "train.interpolation", "(0, 1]"),
        (["train.layer_decay=1.5"], "train.layer_decay", "(0, 1]"),
        (["train.early_stopping=2", "crossval.folds=[0,1]"], "train.early_stopping", "three"),
        (["hardware.gradient_checkpointing=true", "hardware.gradient_cache=true"], "hardware.gradient_cache", "off"),
        (["loss.label_smoothing=0.7", "loss.soft_weight=0.4", "loss.soft_labels=bm25"], "loss.label", "below 1"),
        (["loss.soft_labels=bm25"], "loss.soft_weight", "Set both"),
        (["loss.matryoshka_dims=[64,64]"], "loss.matryoshka_dims", "different"),
        (["hardware=rtx5090"], "adapter.kind", "adapter=lora"),
        (["loss.temperature=0"], "loss.temperature", "positive"),
        (["retention.tasks=[docstring]"], "retention.tasks[0]", "docstrings, central_acts"),
        (["retention.tasks=[docstrings,docstrings]"], "retention.tasks", "once"),
        (["retention.mteb_tasks=[NFCorpus,NFCorpus]"], "retention.mteb_tasks", "once"),
        (["audit.near_duplicate=0"], "audit.near_duplicate", "(0, 1]"),
        (["audit.embedding_threshold=0.97"], "audit.embedding_threshold", "or null"),
        (["retention.queries=1"], "retention.queries", "at least 2"),
        (["retention.max_drop=5"], "retention.max_drop", "[0, 1]"),
        (["~train.epochs"], "train.epochs", "lexfit compose"),
    ],
)
def test_bad_params_name_key_and_remedy(overrides: list[str], key: str, remedy: str) -> None:
    with pytest.raises(LexfitError) as caught:
        parse_params(value(*overrides))
    assert key in caught.value.where
    assert remedy in caught.value.remedy


def test_broken_yaml_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("seed: 1\ndata: [unclosed\n")
    with pytest.raises(LexfitError, match=r"params\.yaml:\d"):
        load_params(file)


def test_whole_numbers_are_accepted_where_a_float_is_meant() -> None:
    assert parse_params(value("train.weight_decay=0")).train.weight_decay == 0.0
