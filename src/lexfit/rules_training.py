"""Rules of the params that training reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lexfit.config import AdapterParams, HardwareParams, Params, TrainParams

    Rule = Callable[[bool, str, str, str], None]


def check_training_rules(params: Params, rule: Rule) -> None:
    """Check loss, batches, train, adapter, model and hardware.

    Args:
        params: All of them.
        rule: Raises unless its first argument holds; the others are key, problem and remedy.
    """
    _check_loss(params, rule)
    train, hardware, batches = params.train, params.hardware, params.batches
    for key, value, low in (
        ("train.epochs", train.epochs, 1),
        ("batches.size", batches.size, 2),
        ("batches.negatives", batches.negatives, 0),
        ("batches.remine_every", batches.remine_every, 0),
        ("batches.windows", batches.windows, 1),
        ("batches.window_words", batches.window_words, 20),
        ("batches.refresh_documents", batches.refresh_documents, 1),
        ("train.average_epochs", train.average_epochs, 1),
        ("adapt.steps", params.adapt.steps, 0),
        ("adapt.batch_size", params.adapt.batch_size, 1),
        ("adapt.max_seq_length", params.adapt.max_seq_length, 8),
        ("hardware.threads", hardware.threads, 1),
        ("hardware.chunk", hardware.chunk, 1),
        ("runtime.checkpoint_every", params.runtime.checkpoint_every, 1),
        ("runtime.processes", params.runtime.processes, 1),
        ("runtime.trunk_cache_mb", params.runtime.trunk_cache_mb, 1),
        ("runtime.embedding_cache_mb", params.runtime.embedding_cache_mb, 0),
        ("train.early_stopping", 1 if train.early_stopping is None else train.early_stopping, 1),
    ):
        rule(value >= low, key, f"is {value}", f"It must be at least {low}")
    for key, number in (
        ("train.learning_rate", train.learning_rate),
        ("batches.negative_weight", batches.negative_weight),
        ("batches.source_temperature", batches.source_temperature),
        ("adapt.learning_rate", params.adapt.learning_rate),
        *((f"data.train.{name}.weight", source.weight) for name, source in params.data.train.items()),
    ):
        rule(number > 0, key, f"is {number}", "It must be positive")
    rule(0 <= params.adapt.deletion < 1, "adapt.deletion", f"is {params.adapt.deletion}", "Use a share in [0, 1)")
    rule(0 < train.layer_decay <= 1, "train.layer_decay", f"is {train.layer_decay}", "Use a factor in (0, 1]")
    rule(0 <= train.dropout < 1, "train.dropout", f"is {train.dropout}", "Use a rate in [0, 1)")
    rule(
        0 < train.interpolation <= 1,
        "train.interpolation",
        f"is {train.interpolation}",
        "Use a share in (0, 1]; 1 keeps the tuned weights as they are",
    )
    rule(
        train.early_stopping is None or len(params.crossval.folds) >= 3,
        "train.early_stopping",
        "needs a fold beside the one that is tested and those that train",
        "List at least three crossval.folds, or set it to null",
    )
    rule(
        train.schedule_epochs is None or train.schedule_epochs >= train.epochs,
        "train.schedule_epochs",
        f"is {train.schedule_epochs}, less than the {train.epochs} epochs that train",
        "Lay the schedule out for at least train.epochs, or set it to null",
    )
    rule(
        train.max_steps is None or train.max_steps >= 1,
        "train.max_steps",
        f"is {train.max_steps}",
        "It must be at least 1, or null for whole epochs",
    )
    rule(
        train.max_steps is None
        or (train.schedule_epochs is None and train.early_stopping is None and not params.selection.stages),
        "train.max_steps",
        "counts steps where schedule_epochs, early_stopping or selection count epochs",
        "Set it to null, or those to null and selection=none",
    )
    rule(
        not params.selection.stages or len(params.crossval.folds) > 2,
        "crossval.folds",
        f"are {len(params.crossval.folds)}, and nested cross-validation leaves out two at a time: nothing would train",
        "Use `-S crossval=three` or five, or `-S selection=none`",
    )
    stops = params.selection.epochs
    rule(
        train.average_epochs <= min([train.epochs, *stops]),
        "train.average_epochs",
        f"is {train.average_epochs}, more than the {min([train.epochs, *stops])} epochs that a model has",
        "Lower it, or raise train.epochs and selection.epochs",
    )
    rule(
        train.average_epochs == 1
        or (train.max_steps is None and train.early_stopping is None and params.adapter.kind == "full"),
        "train.average_epochs",
        "needs whole epochs (no max_steps, no early_stopping) and adapter.kind=full: the mean of low-rank pairs isn't "
        "the mean of the weights that they stand for",
        "Set it to 1, or change those",
    )
    rule(
        all(1 <= epoch <= train.epochs for epoch in stops) and len(set(stops)) == len(stops),
        "selection.epochs",
        f"is {stops}",
        f"List different numbers from 1 to train.epochs ({train.epochs}), or [] for the end alone",
    )
    rule(
        not stops or train.early_stopping is None,
        "selection.epochs",
        "and train.early_stopping would each choose when to stop",
        "Set one of them to [] or null",
    )
    shares = params.selection.interpolations
    rule(
        bool(shares) and all(0 < share <= 1 for share in shares) and len(set(shares)) == len(shares),
        "selection.interpolations",
        f"is {shares}",
        "List different shares in (0, 1]",
    )
    rule(
        not (hardware.gradient_checkpointing and hardware.gradient_cache),
        "hardware.gradient_cache",
        "and gradient_checkpointing would each compute everything twice",
        "Turn one of them off",
    )
    rule(
        hardware.quantization == "none" or params.adapter.kind == "lora",
        "adapter.kind",
        "a quantised base can't be trained in full",
        "Use `-S adapter=lora`, or hardware.quantization=none",
    )
    recipes = {"train": (params.adapter, train)}
    if first := params.pretrain.recipe:
        recipes["pretrain.recipe.train"] = (first.adapter, first.train)
    rule(
        params.runtime.processes == 1 or not any(adapter.dropout or own.dropout for adapter, own in recipes.values()),
        "runtime.processes",
        "is more than 1 with dropout: each process would draw masks of its own, and their number change the result",
        "Set train.dropout and adapter.dropout to 0, or runtime.processes to 1",
    )
    for key, (adapter, own) in recipes.items():
        _check_token_share(key, adapter, own, hardware, rule)
    rule(
        not params.model.trust_remote_code or bool(params.model.revision),
        "model.revision",
        "trust_remote_code needs a pinned revision",
        "Set model.revision to a commit of that model",
    )


def _check_token_share(
    key: str, adapter: AdapterParams, train: TrainParams, hardware: HardwareParams, rule: Rule
) -> None:
    share = train.token_share
    rule(0 < share <= 1, f"{key}.token_share", f"is {share}", "Use a share in (0, 1]; 1 keeps every token")
    rule(
        share == 1 or (hardware.trunk_cache and adapter.top_layers is not None),
        f"{key}.token_share",
        f"is {share}, and leaves out tokens between layers that stay frozen and those that train: there are none",
        "Set it to 1, or use `-S adapter=top2` and hardware.trunk_cache=true",
    )


def _check_loss(params: Params, rule: Rule) -> None:
    loss, batches, mining = params.loss, params.batches, params.negatives
    rule(
        batches.negatives <= mining.per_query and (not batches.negatives or bool(mining.miners)),
        "batches.negatives",
        f"asks for {batches.negatives} a pair where negatives mines {mining.per_query if mining.miners else 0}",
        "Raise negatives.per_query and name a miner, or lower batches.negatives",
    )
    rule(
        loss.name != "triplet" or batches.negatives == 1,
        "batches.negatives",
        f"is {batches.negatives}, and a triplet has one negative",
        "Set it to 1",
    )
    rule(
        loss.name not in {"margin_mse", "distill_kl"} or batches.negatives >= 1,
        "batches.negatives",
        f"is 0, and {loss.name} compares a positive with mined negatives",
        "Set it to at least 1",
    )
    rule(
        loss.name != "corpus_softmax" or (batches.negatives == 0 and batches.remine_every == 0),
        "batches",
        "asks for mined negatives, and corpus_softmax already has every document in its softmax",
        "Use `-S batches=full`, or another loss",
    )
    rule(
        batches.refresh_documents <= 1 or loss.name == "corpus_softmax",
        "batches.refresh_documents",
        f"is {batches.refresh_documents}, and {loss.name} takes documents from its batch alone",
        "Set it to 1, or use `-S loss=corpus_softmax`",
    )
    rule(
        not batches.remine_every or batches.negatives >= 1,
        "batches.remine_every",
        "mines negatives that no pair uses",
        "Raise batches.negatives, or set it to 0",
    )
    rule(
        loss.positive_weights == "uniform" or loss.name == "corpus_softmax",
        "loss.positive_weights",
        f"is graded, and {loss.name} takes one positive at a time",
        "Use `-S loss=corpus_softmax`, or set it to uniform",
    )
    rule(loss.temperature > 0, "loss.temperature", f"is {loss.temperature}", "It must be positive")
    rule(loss.soft_temperature > 0, "loss.soft_temperature", f"is {loss.soft_temperature}", "It must be positive")
    rule(loss.margin >= 0, "loss.margin", f"is {loss.margin}", "It must not be negative")
    rule(
        loss.label_smoothing >= 0 and loss.soft_weight >= 0 and loss.label_smoothing + loss.soft_weight < 1,
        "loss.label_smoothing",
        f"({loss.label_smoothing}) and soft_weight ({loss.soft_weight}) leave nothing for the known positives",
        "Let their sum be below 1",
    )
    rule(
        (loss.soft_labels == "none") == (loss.soft_weight == 0),
        "loss.soft_weight",
        f"is {loss.soft_weight} with soft_labels {loss.soft_labels}",
        "Set both, or soft_labels=none and soft_weight=0",
    )
    dims = loss.matryoshka_dims
    rule(
        all(dim > 0 for dim in dims) and len(set(dims)) == len(dims),
        "loss.matryoshka_dims",
        f"is {dims}",
        "List different positive dimensions, the full one among them",
    )
