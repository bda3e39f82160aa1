"""Training of a cross-encoder by sentence-transformers' trainer and losses; a killed one goes on where it was."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from lexfit.cache import forget_old
from lexfit.training.base_models import freeze_dropout
from lexfit.training.checkpoints import latest_whole, run_steps
from lexfit.training.layers import first_trained_layer, freeze_below
from lexfit.training.memory import explained_memory_errors
from lexfit.training.tracking import curve_of
from lexfit.training.whole_checkpoints import WholeCheckpoints

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sentence_transformers import CrossEncoder
    from torch import nn

    from lexfit.config import HardwareParams, RuntimeParams
    from lexfit.config_second_stage import RerankerParams, RerankerTrainingParams


def build_loss(name: str, model: CrossEncoder, chunk: int) -> nn.Module:
    """sentence-transformers' loss.

    Args:
        name: `listnet` (Cao et al. 2007, ICML), `lambda` (NDCG-Loss2++; Wang et al. 2018, CIKM) or `bce`.
        model: Scores pairs.
        chunk: Pairs read at once.
    """
    from sentence_transformers.cross_encoder import losses  # noqa: PLC0415

    loss: nn.Module
    if name == "listnet":
        loss = losses.ListNetLoss(model, mini_batch_size=chunk)
    elif name == "lambda":
        loss = losses.LambdaLoss(model, weighting_scheme=losses.NDCGLoss2PPScheme(), mini_batch_size=chunk)
    else:
        loss = losses.BinaryCrossEntropyLoss(model)
    return loss


def prepare(model: CrossEncoder, params: RerankerParams) -> None:
    """Freeze what doesn't train and set the dropout of what does.

    Raises:
        LexfitError: The model has fewer layers than `top_layers`.
    """
    transformer = model[0].model
    if params.top_layers is not None:
        freeze_below(transformer, params.top_layers)
    freeze_dropout(model, params.dropout, first_trained_layer(transformer))


def train_phase(
    model: CrossEncoder,
    rows: Sequence[dict[str, object]],
    params: RerankerParams,
    phase: RerankerTrainingParams,
    *,
    hardware: HardwareParams,
    runtime: RuntimeParams,
    seed: int,
    folder: Path,
) -> list[dict[str, float]]:
    """Run one phase, from its last whole checkpoint if there is one; returns the curve.

    Args:
        model: Trained in place; afterwards in evaluation mode and float32.
        rows: As `rows_of` gives them, at least one step's.
        params: Loss and length.
        phase: Steps and optimisation.
        hardware: Precision and chunk.
        runtime: Device, and how often a checkpoint is written.
        seed: Of order and dropout.
        folder: For checkpoints.

    Raises:
        LexfitError: The loss is no finite number, or memory is short.
    """
    from datasets import Dataset  # noqa: PLC0415
    from sentence_transformers import CrossEncoderTrainer, CrossEncoderTrainingArguments  # noqa: PLC0415
    from transformers import PrinterCallback, set_seed  # noqa: PLC0415

    set_seed(seed)
    prepare(model, params)
    size = phase.queries if params.loss != "bce" else max(1, len(rows) // phase.steps)
    arguments = CrossEncoderTrainingArguments(
        output_dir=str(folder),
        max_steps=phase.steps,
        per_device_train_batch_size=size,
        learning_rate=phase.learning_rate,
        warmup_steps=phase.warmup_ratio,
        weight_decay=phase.weight_decay,
        bf16=hardware.dtype == "bfloat16",
        fp16=hardware.dtype == "float16",
        activation_checkpointing=hardware.gradient_checkpointing,
        use_cpu=runtime.device == "cpu",
        disable_tqdm=not runtime.progress,
        seed=seed,
        data_seed=seed,
        save_strategy="steps",
        save_steps=max(runtime.checkpoint_every, 1),
        save_total_limit=2,
        report_to="none",
        logging_steps=1,
        logging_nan_inf_filter=False,
    )
    forget_old(folder)
    checkpoint = latest_whole(folder)
    trainer = CrossEncoderTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(list(rows)),
        loss=build_loss(params.loss, model, hardware.chunk),
        callbacks=[WholeCheckpoints(folder, "reranker")],
    )
    trainer.remove_callback(PrinterCallback)
    with explained_memory_errors():
        run_steps(trainer, checkpoint)
    trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    model.eval()
    shutil.rmtree(folder, ignore_errors=True)
    return curve_of(trainer.state)
