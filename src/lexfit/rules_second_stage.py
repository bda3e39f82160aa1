"""Rules of the params that the second stage reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lexfit.config import Params
    from lexfit.config_second_stage import ListwiseParams, RerankerParams, SoupParams, StudentParams
    from lexfit.rules_training import Rule

NESTED_FOLDS = 3


def check_second_stage(params: Params, rule: Rule) -> None:
    """Check that the protocol has what fusions learn from, and every system's numbers.

    Args:
        params: All of them.
        rule: Raises unless its first argument holds; the others are key, problem and remedy.
    """
    own, protocol, folds = params.second_stage, params.protocol.name, params.crossval.folds
    for name, reranker in own.rerankers.items():
        _check_reranker(f"second_stage.rerankers.{name}", reranker, rule)
    for name, listwise in own.listwise.items():
        _check_listwise(f"second_stage.listwise.{name}", listwise, rule)
    names = [*own.neighbours, *own.rerankers]
    for name, student in own.students.items():
        _check_student(f"second_stage.students.{name}", student, {"dense", "bm25", *names}, params, rule)
    for name, soup in own.soups.items():
        _check_soup(f"second_stage.soups.{name}", soup, params, rule)
    everything = [*names, *own.listwise, *own.students, *own.soups, "dense", "bm25"]
    rule(
        len(set(everything)) == len(everything),
        "second_stage",
        f"has systems {', '.join(everything)}",
        "Give each a name of its own",
    )
    for name, neighbours in own.neighbours.items():
        key = f"second_stage.neighbours.{name}"
        rule(neighbours.count >= 1, f"{key}.count", f"is {neighbours.count}", "It must be at least 1")
        rule(neighbours.temperature > 0, f"{key}.temperature", f"is {neighbours.temperature}", "It must be positive")
    if not own.tables:
        others = everything[:-2]
        rule(not others, "second_stage.tables", f"is [], and there is {', '.join(others)}", "Set it to [scores]")
        return
    rule(
        protocol not in {"kfold", "all_labels"} or len(folds) >= NESTED_FOLDS,
        "crossval.folds",
        f"are {len(folds)}, and what a fold's fusion learns from is ranked without that fold and without its own",
        "Use `-S crossval=three` or five",
    )
    rule(
        protocol == "zero_shot" or params.crossval.run,
        "crossval.run",
        "is false, and weights of a fusion are learned from rankings out of fold",
        "Use `-S crossval=five`",
    )
    rule(
        params.train.early_stopping is None,
        "train.early_stopping",
        "is set, and rankings without two folds are taken after all epochs",
        "Set it to null",
    )
    rule(
        params.evaluation.max_queries is None and params.evaluation.max_documents is None,
        "second_stage.tables",
        "scores all queries, and evaluation draws a part",
        "Use `-S evaluation=standard` or `-S second_stage=none`",
    )
    for key, value, low in (
        ("depth", own.depth, 10),
        ("learning_queries", own.learning_queries, 1),
        ("fusion.grid", own.fusion.grid, 1),
        ("fusion.rrf_k", own.fusion.rrf_k, 1),
    ):
        rule(value >= low, f"second_stage.{key}", f"is {value}", f"It must be at least {low}")


def _check_student(key: str, own: StudentParams, known: set[str], params: Params, rule: Rule) -> None:
    rule(
        bool(own.teachers) and set(own.teachers) <= known,
        f"{key}.teachers",
        f"is {own.teachers}",
        f"Choose among {', '.join(sorted(known))}",
    )
    rule(0 < own.weight < 1, f"{key}.weight", f"is {own.weight}", "Use a share in (0, 1)")
    rule(own.temperature > 0, f"{key}.temperature", f"is {own.temperature}", "It must be positive")
    rule(
        params.loss.name == "corpus_softmax" and params.loss.soft_labels == "none",
        "loss.name",
        f"is {params.loss.name}, and a student learns its teachers' distribution over the whole corpus",
        "Use `-S loss=corpus_softmax` with soft_labels none, or take the student out",
    )
    rule(
        params.protocol.name != "zero_shot",
        "protocol.name",
        "is zero_shot, and a student learns from teachers on the task's own training queries",
        "Use `-S protocol=kfold`, or take the student out",
    )


def _check_soup(key: str, own: SoupParams, params: Params, rule: Rule) -> None:
    rule(
        bool(own.shares) and all(0 < share <= 1 for share in own.shares),
        f"{key}.shares",
        f"is {own.shares}",
        "List shares in (0, 1]",
    )
    rule(
        params.adapter.kind == "full" and params.protocol.name != "zero_shot",
        key,
        "averages the whole weights of models that labels of the task trained, fold by fold",
        "Use adapter.kind=full (`-S adapter=top2`) under a protocol with labels, or take the soup out",
    )


def _check_listwise(key: str, own: ListwiseParams, rule: Rule) -> None:
    for name, value, low in (
        ("facts_tokens", own.facts_tokens, 16),
        ("name_words", own.name_words, 1),
        ("count", own.count, 1),
        *((f"{phase}.steps", getattr(own, phase).steps, 0) for phase in ("further", "own")),
        *((f"{phase}.queries", getattr(own, phase).queries, 1) for phase in ("further", "own")),
    ):
        rule(value >= low, f"{key}.{name}", f"is {value}", f"It must be at least {low}")
    for phase in ("further", "own"):
        rate = getattr(own, phase).learning_rate
        rule(rate > 0, f"{key}.{phase}.learning_rate", f"is {rate}", "It must be positive")
    rule("{facts}" in own.prompt, f"{key}.prompt", "has no {facts}", "Say where the facts of the case go")
    rule(
        own.adapter.kind == "lora",
        f"{key}.adapter.kind",
        f"is {own.adapter.kind}, and a listwise model trains by adapters, one set for each fold",
        "Set it to lora",
    )


def _check_reranker(key: str, own: RerankerParams, rule: Rule) -> None:
    for name, value, low in (
        ("max_length", own.max_length, 16),
        ("windows", own.windows, 1),
        ("window_words", own.window_words, 20),
        ("top_layers", own.top_layers or 1, 1),
        *(
            (f"{phase}.{number}", getattr(getattr(own, phase), number), low)
            for phase in ("further", "own")
            for number, low in (("steps", 0), ("queries", 1), ("negatives", 1), ("negatives_from", 1))
        ),
    ):
        rule(value >= low, f"{key}.{name}", f"is {value}", f"It must be at least {low}")
    rule(0 <= own.dropout < 1, f"{key}.dropout", f"is {own.dropout}", "Use a rate in [0, 1)")
    for phase in ("further", "own"):
        training = getattr(own, phase)
        rate = training.learning_rate
        rule(rate > 0, f"{key}.{phase}.learning_rate", f"is {rate}", "It must be positive")
        rule(
            training.negatives <= training.negatives_from,
            f"{key}.{phase}.negatives",
            f"is {training.negatives}, and they are drawn from {training.negatives_from}",
            "Raise negatives_from",
        )
