"""Fine-tuning through sentence-transformers' trainer."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.training.adapters import attach, merge_adapter, save_adapter, trainable_parameters
from lexfit.training.base_models import load_base_model, prepare_torch, set_dropout
from lexfit.training.batches import TrainingData, build_training_data
from lexfit.training.losses import build_loss

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from lexfit.config import Params

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """A fine-tuned model as a plain SentenceTransformer, its curve, and the facts of the run."""

    model: SentenceTransformer
    curve: list[dict[str, float]]
    facts: dict[str, Any]


def training_arguments(params: Params, steps_folder: str) -> Any:
    """The trainer's arguments; nothing is saved or reported behind DVC's back."""
    from sentence_transformers import SentenceTransformerTrainingArguments  # noqa: PLC0415

    train, hardware, model = params.train, params.hardware, params.model
    columns = ["positive", *(f"negative_{i}" for i in range(1, train.negatives + 1))]
    return SentenceTransformerTrainingArguments(
        output_dir=steps_folder,
        num_train_epochs=train.epochs,
        per_device_train_batch_size=train.batch_size,
        learning_rate=train.learning_rate,
        warmup_steps=train.warmup_ratio,
        weight_decay=train.weight_decay,
        lr_scheduler_type=train.scheduler,
        max_grad_norm=train.max_grad_norm,
        prompts={"anchor": model.query_prompt, **dict.fromkeys(columns, model.document_prompt)},
        bf16=hardware.dtype == "bfloat16",
        fp16=hardware.dtype == "float16",
        activation_checkpointing=hardware.gradient_checkpointing,
        dataloader_num_workers=params.runtime.workers,
        use_cpu=params.runtime.device == "cpu",
        disable_tqdm=not params.runtime.progress,
        seed=params.seed,
        data_seed=params.seed,
        save_strategy="no",
        eval_strategy="no",
        report_to="none",
        logging_steps=1,
        logging_strategy="steps",
        logging_nan_inf_filter=False,  # by default the trainer reports NaN as 0
    )


def fine_tune(params: Params, data: TrainingData, live_folder: Path, adapter_folder: Path | None = None) -> Trained:
    """Fine-tune the base model on `data`.

    Args:
        params: model, adapter, loss, train, hardware, runtime and seed are used.
        data: Rows and relevance.
        live_folder: Where DVCLive logs.
        adapter_folder: Where a LoRA adapter is kept; a temporary place if None.
    """
    prepare_torch(params.hardware, params.seed)
    from datasets import Dataset  # noqa: PLC0415
    from sentence_transformers import SentenceTransformerTrainer  # noqa: PLC0415

    from lexfit.training.tracking import CurveCallback  # noqa: PLC0415

    lora = params.adapter.kind == "lora"
    quantize = params.hardware.quantization != "none"
    model = load_base_model(params.model, params.hardware, params.runtime, quantize=quantize, low_precision=lora)
    set_dropout(model, params.train.dropout)
    attach(model, params.adapter)
    trainable, total = trainable_parameters(model)
    logger.info("%d of %d parameters train on %d pairs", trainable, total, len(data.rows))
    model.max_seq_length = params.train.max_seq_length
    loss = build_loss(params.loss, model, data.relevance())
    curve = CurveCallback(live_folder, params.train.batch_size)
    with tempfile.TemporaryDirectory() as scratch:
        trainer = SentenceTransformerTrainer(
            model=model,
            args=training_arguments(params, scratch),
            train_dataset=Dataset.from_list(data.rows),
            loss=loss,
            callbacks=[curve],
        )
        trainer.train()
        if lora:
            adapter = adapter_folder or Path(scratch) / "adapter"
            save_adapter(model, adapter)
            model = merge_adapter(load_base_model(params.model, params.hardware, params.runtime), adapter)
    model.max_seq_length = params.model.max_seq_length
    model.eval()
    last = [point["loss"] for point in curve.curve[-max(1, len(curve.curve) // params.train.epochs) :]]
    facts = {
        "attention": model[0].model.config._attn_implementation,
        "pairs": len(data.rows),
        "queries": len(data.query_ids),
        "steps": len(curve.curve),
        "trainable_parameters": trainable,
        "parameters": total,
        "loss": {"name": type(loss).__name__, **loss.get_config_dict()},
        "mean_loss_of_last_epoch": round(sum(last) / len(last), 6),
    }
    return Trained(model, curve.curve, facts)


def load_training_data(
    params: Params, records: dict[str, list[dict[str, Any]]], exclude_fold: int | None
) -> TrainingData:
    """Training data of all training queries, or of those outside one fold.

    Args:
        params: `train.negatives` is used.
        records: `queries`, `documents`, `pairs` and `negatives`, as the stages wrote them.
        exclude_fold: The fold that is held out.
    """
    queries = [q for q in records["queries"] if q["fold"] != exclude_fold]
    return build_training_data(
        queries, records["documents"], records["pairs"], records["negatives"], params.train.negatives
    )
