"""Rules that tie params sections together; each broken one is an error that names its key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lexfit.corpus.sources.options import check_options
from lexfit.errors import LexfitError
from lexfit.rules_second_stage import check_second_stage
from lexfit.rules_training import check_training_rules

if TYPE_CHECKING:
    from lexfit.config import GeneratorParams, Params
    from lexfit.rules_training import Rule

MINERS = ("random", "bm25", "dense", "judged")
REASON_LENGTH = 20
TASKS = ("constitution", "aila", "aila_fire", "beir")


def check_rules(params: Params, where: str) -> None:
    """Raise `LexfitError` for the first rule that `params` breaks."""

    def rule(holds: bool, key: str, problem: str, remedy: str) -> None:
        if not holds:
            raise LexfitError(f"{where}: {key}", problem, remedy)

    folds, protocol, data, mining = params.crossval.folds, params.protocol, params.data, params.negatives
    rule(
        len(folds) >= 2 and folds == list(range(len(folds))),
        "crossval.folds",
        f"is {folds}",
        "Write the folds as [0, 1, …, k-1] with k at least 2",
    )
    rule(
        params.crossval.run or protocol.name in {"zero_shot", "holdout", "fire2019"},
        "crossval.run",
        f"is false, and {protocol.name} has no held-out queries but those of the folds",
        "Use `-S crossval=five`",
    )
    rule(
        data.source in TASKS,
        "data.source",
        f"is {data.source}, which has no judgements to be scored against",
        f"Choose one of {', '.join(TASKS)}; train on it by `-S data/train={data.source}`",
    )
    for name, source in data.train.items():
        check_options(source, f"data.train.{name}", where)
    if protocol.name == "zero_shot":
        rule(
            bool(data.train),
            "data.train",
            "is empty, and zero_shot may not train on the task's own labels",
            "Add a training source: `-S data/train=constitution` for AILA, `-S data/train=aila_fire` otherwise",
        )
    elif protocol.name == "fire2019":
        rule(
            data.source == "aila_fire",
            "protocol.name",
            "fire2019 needs the FIRE release",
            "Add `-S data=aila_fire`",
        )
        rule(
            data.pool == "all",
            "data.pool",
            "fire2019 ranks all 197 statutes",
            "Leave it out or set it to all",
        )
    elif protocol.name == "holdout":
        rule(
            data.train_split is not None,
            "protocol.name",
            f"holdout needs a train split, and data source {data.source} has only test queries",
            "Use `-S protocol=kfold`, zero_shot, all_labels (or fire2019 with data=aila_fire)",
        )
    rule(
        all(miner in MINERS for miner in mining.miners) and len(set(mining.miners)) == len(mining.miners),
        "negatives.miners",
        f"is {mining.miners}",
        f"List some of {', '.join(MINERS)}, each once",
    )
    rule(
        1 <= mining.rank_min <= mining.rank_max,
        "negatives.rank_min",
        "exceeds rank_max or is below 1",
        "Ranks start at 1",
    )
    reason = params.card.licence_override_reason
    rule(
        reason is None or len(reason.strip()) >= REASON_LENGTH,
        "card.licence_override_reason",
        f"is {reason!r}",
        f"Write a sentence of at least {REASON_LENGTH} characters that says why no licence is broken, or null",
    )
    check_training_rules(params, rule)
    check_second_stage(params, rule)
    _check_first_phase(params, rule)
    _check_generator(params.generator, rule)
    for key, value, low in (
        ("evaluation.batch_size", params.evaluation.batch_size, 1),
        ("evaluation.max_queries", params.evaluation.max_queries or 2, 2),
        ("evaluation.max_documents", params.evaluation.max_documents or 10, 10),
        ("retention.queries", params.retention.queries, 2),
        ("negatives.per_query", mining.per_query, 1),
        ("clean.split_tokens", params.clean.split_tokens, 8),
        ("protocol.overlap_words", protocol.overlap_words, 3),
    ):
        rule(value >= low, key, f"is {value}", f"It must be at least {low}")
    rule(
        0 < protocol.overlap_share <= 1,
        "protocol.overlap_share",
        f"is {protocol.overlap_share}",
        "Use a share in (0, 1]",
    )
    rule(
        0 < params.audit.near_duplicate <= 1,
        "audit.near_duplicate",
        f"is {params.audit.near_duplicate}",
        "Use a Jaccard similarity in (0, 1]",
    )
    shown = params.audit.embedding_threshold
    rule(
        shown is None or 0 < shown <= params.audit.embedding_failure,
        "audit.embedding_threshold",
        f"is {shown}, and audit.embedding_failure {params.audit.embedding_failure}",
        "Use a cosine above 0 and at most audit.embedding_failure, or null",
    )
    rule(
        0 <= params.retention.max_drop <= 1,
        "retention.max_drop",
        f"is {params.retention.max_drop}",
        "Use a fraction of nDCG@10 in [0, 1]",
    )
    for key, names in (("tasks", params.retention.tasks), ("mteb_tasks", params.retention.mteb_tasks)):
        rule(len(set(names)) == len(names), f"retention.{key}", f"is {list(names)}", "List each task once")
    rule(
        0 <= params.clean.split_overlap < params.clean.split_tokens,
        "clean.split_overlap",
        f"is {params.clean.split_overlap}",
        "It must be at least 0 and less than clean.split_tokens",
    )


def _check_generator(generator: GeneratorParams, rule: Rule) -> None:
    for key, holds, remedy in (
        ("temperature", generator.temperature > 0, "It must be positive"),
        ("top_p", 0 < generator.top_p <= 1, "Use a share in (0, 1]"),
        ("max_new_tokens", generator.max_new_tokens >= 1, "It must be at least 1"),
    ):
        rule(holds, f"generator.{key}", f"is {getattr(generator, key)}", remedy)
    left = generator.prompt.replace("{title}", "").replace("{text}", "")
    rule(
        "{text}" in generator.prompt and not {"{", "}"} & set(left),
        "generator.prompt",
        "must hold {text}, and no braces but those of {title} and {text}",
        "Write it as conf/generator does",
    )


def _check_first_phase(params: Params, rule: Rule) -> None:
    recipe = params.pretrain.recipe
    if recipe is None:
        return
    rule(
        bool(params.data.train) and params.protocol.name != "zero_shot",
        "pretrain.recipe",
        "trains on data.train first and on the task's own queries then, and one of them isn't there",
        "Set `-S pretrain=none`, or add a source to data/train and choose a protocol other than zero_shot",
    )
    rule(
        recipe.train.early_stopping is None,
        "pretrain.recipe.train.early_stopping",
        "needs folds, and sources beside the task's have none",
        "Set it to null",
    )
    whole = replace(params.selection, stages=[], epochs=[])  # selection is about the training after this one
    first = replace(
        params,
        adapter=recipe.adapter,
        loss=recipe.loss,
        batches=recipe.batches,
        train=recipe.train,
        selection=whole,
    )
    own = ("adapter.", "batches", "loss.", "train.")

    def prefixed(holds: bool, key: str, problem: str, remedy: str) -> None:
        rule(holds, f"pretrain.recipe.{key}" if key.startswith(own) else key, problem, remedy)

    check_training_rules(first, prefixed)
