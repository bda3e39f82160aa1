"""Fine-tuning of one model, from loading the base to plain weights; a killed run goes on where it was."""

from __future__ import annotations

import gc
import logging
import shutil
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lexfit.cache import forget_old
from lexfit.training.adapters import attach, merge_adapter, save_adapter
from lexfit.training.arguments import training_arguments
from lexfit.training.base_models import freeze_dropout, load_base_model, prepare_torch
from lexfit.training.checkpoints import (
    checkpoint_folder,
    latest_whole,
    restore_state,
    run_steps,
    trained_state,
)
from lexfit.training.compiled import compiled
from lexfit.training.interpolation import interpolate
from lexfit.training.layers import count_parameters, find_layers, first_trained_layer
from lexfit.training.memory import explained_memory_errors
from lexfit.training.processes import go_on_alone, join, rank, wait, world
from lexfit.training.snapshots import SnapshotCallback, averaged_epochs
from lexfit.training.trackers import check_trackers, tracked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sentence_transformers import SentenceTransformer
    from torch import Tensor
    from transformers import TrainerCallback

    from lexfit.config import Params
    from lexfit.training.batches import TrainingData
    from lexfit.training.text_loss import TextLoss

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """A fine-tuned model as a plain SentenceTransformer, its curve, and the facts of the run.

    `checkpoints` may be deleted once the model is saved.
    """

    model: SentenceTransformer
    curve: list[dict[str, float]]
    facts: dict[str, Any]
    checkpoints: Path

    def forget_checkpoints(self) -> None:
        """Delete them: the result is where it belongs."""
        shutil.rmtree(self.checkpoints, ignore_errors=True)


def prepare_loss(params: Params, data: TrainingData) -> TextLoss:
    """The base model ready for training, inside its loss (`.model`)."""
    from lexfit.training.document_memory import DocumentMemory  # noqa: PLC0415
    from lexfit.training.losses import build_objective  # noqa: PLC0415
    from lexfit.training.negative_table import NegativeTable  # noqa: PLC0415
    from lexfit.training.teachers import teacher_scores  # noqa: PLC0415
    from lexfit.training.text_loss import TextLoss  # noqa: PLC0415
    from lexfit.training.texts import TextTable  # noqa: PLC0415
    from lexfit.training.token_sampling import find_sampler  # noqa: PLC0415
    from lexfit.training.trunk import find_trunk  # noqa: PLC0415

    lora = params.adapter.kind == "lora"
    quantize = params.hardware.quantization != "none"
    model = load_base_model(params.model, params.hardware, params.runtime, quantize=quantize, low_precision=lora)
    model.max_seq_length = params.train.max_seq_length
    if params.hardware.attention == "flash_attention_2":
        model[0].unpad_inputs = False  # texts are padded here, chunk by chunk
    attach(model, params.adapter)
    freeze_dropout(model, params.train.dropout, first_trained_layer(model[0].model))
    prompts = data.prompts(params.model, params.data.train)
    trunk, attention = find_trunk(params, model), params.hardware.training_attention
    sampler = find_sampler(params, model[0].model, trunk)
    texts = TextTable(model, data.query_texts, data.passages, trunk, prompts, attention=attention, sampler=sampler)

    def teacher(name: str) -> Tensor:
        return teacher_scores(name, model, texts, data, params.hardware.chunk)

    every = params.batches.refresh_documents
    dimension = int(model.get_embedding_dimension() or 0)
    return TextLoss(
        model,
        texts,
        data,
        build_objective(params.loss, data, teacher, params.model.similarity),
        NegativeTable(data.negatives, params.negatives.per_query),
        batches=params.batches,
        hardware=params.hardware,
        dims=params.loss.matryoshka_dims,
        memory=DocumentMemory(len(data.passages), dimension, every) if every > 1 else None,
    )


def train(
    params: Params,
    data: TrainingData,
    loss: TextLoss,
    live_folder: Path,
    folder: Path,
    *,
    observers: Sequence[TrainerCallback] = (),
) -> list[dict[str, float]]:
    """Run the steps, from the last whole checkpoint in `folder` if there is one; returns the curve."""
    from datasets import Dataset, DatasetDict  # noqa: PLC0415
    from transformers import EarlyStoppingCallback, PrinterCallback  # noqa: PLC0415

    from lexfit.training.online import InnerEvaluator, RemineCallback  # noqa: PLC0415
    from lexfit.training.steps import LabelCollator, StepTrainer  # noqa: PLC0415
    from lexfit.training.tracking import CurveCallback, curve_of  # noqa: PLC0415

    rows = data.rows
    if params.loss.name == "corpus_softmax":  # a row is a query with all its positives
        rows = list({row["label"][0]: row for row in rows}.values())
    first = rank() == 0  # the other processes of a shared training write nothing
    curve = CurveCallback(live_folder, min(params.batches.size, len(rows)))
    callbacks: list[Any] = [curve, *observers] if first else []
    if params.batches.remine_every:
        callbacks.append(RemineCallback(loss, data, params.negatives, params.batches.remine_every))
    patience = params.train.early_stopping
    if patience is not None:
        callbacks.append(EarlyStoppingCallback(patience))
    checkpoint = last_whole(folder, with_best=patience is not None)
    sources: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        apart = params.batches.sources == "apart"
        sources.setdefault(data.query_sources[row["label"][0]] if apart else "all", []).append(row)
    own = {name: Dataset.from_list(rows) for name, rows in sources.items()}
    with tracked(params.runtime.trackers if first else [], live_folder.name):
        trainer = StepTrainer(
            model=loss.model,
            args=training_arguments(params, str(folder), find_layers(loss.model[0].model), list(own)),
            train_dataset=DatasetDict(own) if len(own) > 1 else next(iter(own.values())),
            loss=loss,
            data_collator=LabelCollator(loss.model.preprocess),
            evaluator=InnerEvaluator(loss, data) if patience is not None else None,
            callbacks=callbacks,
        )
        trainer.schedule_epochs = params.train.schedule_epochs or params.train.epochs
        trainer.remove_callback(PrinterCallback)
        trainer.args.run_name = live_folder.name
        transformer = loss.model[0].model
        with (
            curve if first else nullcontext(),
            explained_memory_errors(),
            compiled(transformer, params.hardware.compile),
        ):
            run_steps(trainer, checkpoint)
    # accelerate leaves its autocasting around `forward`: without this a model would be scored in other arithmetic
    # than it has when loaded from its folder.
    trainer.accelerator.unwrap_model(loss.model, keep_fp32_wrapper=False)
    return curve_of(trainer.state)


def last_whole(folder: Path, *, with_best: bool) -> Path | None:
    """The checkpoint to go on from: process 0 clears away what is old or damaged before the others look."""
    first, found = rank() == 0, None
    if first:
        forget_old(folder)
        found = latest_whole(folder, with_best=with_best)
    wait()
    return found if first else latest_whole(folder, with_best=with_best)


def fine_tune(params: Params, data: TrainingData, live_folder: Path, adapter_folder: Path | None = None) -> Trained:
    """Fine-tune the base model on `data`.

    Args:
        params: seed, model, adapter, loss, batches, negatives, train, hardware and runtime are used.
        data: Rows, texts and judgements.
        live_folder: Where DVCLive logs.
        adapter_folder: Where a LoRA adapter is kept; beside the checkpoints if None.

    Raises:
        LexfitError: The loss is no finite number, memory is short, or the model or a tracker can't be had.
        SharedWorkDone: The training is over, and this isn't the first of the processes that shared it.
    """
    check_trackers(params.runtime.trackers)
    prepare_torch(params.hardware, params.seed)
    join(params.runtime.device)
    if world() > 1:
        logger.info("process %d of %d, which share the texts of each step", rank() + 1, world())
    folder = checkpoint_folder(params, data)
    adapter = (adapter_folder or folder / "adapter") if params.adapter.kind == "lora" else None
    trained, curve, facts = _fine_tuned(params, data, live_folder, folder, adapter)
    model = trained if adapter is None else _merged(params, adapter)
    model.max_seq_length = params.model.max_seq_length
    model.eval()
    return Trained(model, curve, facts, folder)


def _merged(params: Params, adapter: Path) -> SentenceTransformer:
    """The base with a saved adapter; the model that trained goes first, so that one of them is held at a time."""
    gc.collect()
    quantize = params.hardware.quantization != "none"
    base = load_base_model(params.model, params.hardware, params.runtime, quantize=quantize, low_precision=quantize)
    return merge_adapter(base, adapter)


def _fine_tuned(
    params: Params, data: TrainingData, live_folder: Path, folder: Path, adapter: Path | None
) -> tuple[Any, list[dict[str, float]], dict[str, Any]]:
    """The model, curve and facts of a training; where an adapter is to be saved, that, and None for the model."""
    loss = prepare_loss(params, data)
    model = loss.model
    trainable, total = count_parameters(model.parameters())
    logger.info("%d of %d parameters train on %d pairs", trainable, total, len(data.rows))
    base = trained_state(loss)
    epochs, count = params.train.epochs, params.train.average_epochs
    snapshots = SnapshotCallback(loss, averaged_epochs([epochs], count) if count > 1 else (), folder)
    curve = train(params, data, loss, live_folder, folder, observers=[snapshots])
    go_on_alone()
    tuned = snapshots.averaged(epochs, count) if count > 1 else trained_state(loss)
    restore_state(loss, interpolate(base, tuned, params.train.interpolation))
    if adapter is not None:
        save_adapter(model, adapter)
    attention = model[0].model.config._attn_implementation
    last = [point["loss"] for point in curve[-max(1, len(curve) // params.train.epochs) :]]
    facts = {
        "attention": attention,
        "training_attention": params.hardware.training_attention or attention,
        "pairs": len(data.rows),
        "queries": len(data.query_ids) - len(data.inner),
        "inner_queries": [data.query_ids[row] for row in data.inner],
        "steps": len(curve),
        "trainable_parameters": trainable,
        "parameters": total,
        "loss": {"name": type(loss.objective).__name__, **loss.get_config_dict()},
        "mean_loss_of_last_epoch": round(sum(last) / len(last), 6),
    }
    return (model if adapter is None else None), curve, facts
