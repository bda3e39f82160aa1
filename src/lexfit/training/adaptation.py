"""Adaptation of a base model to texts without labels: what has lost words is written anew from its embedding."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.training.base_models import load_base_model, prepare_torch
from lexfit.training.memory import explained_memory_errors

if TYPE_CHECKING:
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

    from lexfit.config import Params

# Architectures whose transformers classes have a decoder with cross-attention.
DECODERS = ("bert", "roberta", "xlm-roberta", "camembert", "electra")


def damaged(text: str, deletion: float, seed: str) -> str:
    """A text that has lost each word with probability `deletion`, but for one at least.

    Args:
        text: At least one word.
        deletion: Probability.
        seed: Of this text's own draw.
    """
    rng = random.Random(seed)
    words = text.split()
    kept = [word for word in words if rng.random() >= deletion]
    return " ".join(kept or [rng.choice(words)])


def rows(texts: list[str], params: Params) -> list[dict[str, str]]:
    """Damaged and whole texts for all steps: the texts in random order, again and again, each time damaged anew."""
    rng = random.Random(f"{params.seed}/adapt")
    wanted = params.adapt.steps * params.adapt.batch_size
    order: list[int] = []
    while len(order) < wanted:
        order += rng.sample(range(len(texts)), len(texts))
    return [
        {"damaged": damaged(texts[i], params.adapt.deletion, f"{params.seed}/adapt/{place}"), "text": texts[i]}
        for place, i in enumerate(order[:wanted])
    ]


def adapt(params: Params, texts: list[str], folder: Path) -> tuple[SentenceTransformer, dict[str, Any]]:
    """The base model after TSDAE (Wang et al. 2021, arXiv 2104.06979) by sentence-transformers' loss, and its facts.

    Encoder and decoder share their weights, and every layer trains at a constant rate.

    Args:
        params: adapt, model, hardware, runtime and seed are used.
        texts: At least one, none of them empty.
        folder: Where the trainer may write; nothing is kept there.

    Raises:
        LexfitError: The architecture has no decoder with cross-attention, or the loss is no finite number.
    """
    from datasets import Dataset  # noqa: PLC0415
    from sentence_transformers import (  # noqa: PLC0415
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import DenoisingAutoEncoderLoss  # noqa: PLC0415
    from transformers import PrinterCallback  # noqa: PLC0415

    prepare_torch(params.hardware, params.seed)
    model = load_base_model(params.model, params.hardware, params.runtime)
    kind = model[0].model.config.model_type
    if kind not in DECODERS:
        raise LexfitError(
            "params.yaml: adapt.steps",
            f"{params.model.name} is a {kind} model, which has no decoder that reads an embedding",
            f"Use `-S adapt=none`, or a model of {', '.join(DECODERS)}",
        )
    model.max_seq_length = params.adapt.max_seq_length
    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=str(folder),
            max_steps=params.adapt.steps,
            per_device_train_batch_size=params.adapt.batch_size,
            learning_rate=params.adapt.learning_rate,
            lr_scheduler_type="constant",
            bf16=params.hardware.dtype == "bfloat16",
            fp16=params.hardware.dtype == "float16",
            use_cpu=params.runtime.device == "cpu",
            disable_tqdm=not params.runtime.progress,
            seed=params.seed,
            save_strategy="no",
            report_to="none",
            logging_steps=1,
            logging_nan_inf_filter=False,
        ),
        train_dataset=Dataset.from_list(rows(texts, params)),
        loss=DenoisingAutoEncoderLoss(model, tie_encoder_decoder=True),
    )
    trainer.remove_callback(PrinterCallback)
    with explained_memory_errors():
        trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    for step, loss in enumerate(losses, 1):
        if not math.isfinite(float(loss)):
            raise LexfitError(
                f"adaptation step {step}",
                f"the loss is {loss}",
                "Lower adapt.learning_rate, or use hardware.dtype=float32",
            )
    trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    model.max_seq_length = params.model.max_seq_length
    model.eval()
    tenth = max(1, len(losses) // 10)
    return model, {
        "texts": len(texts),
        "steps": len(losses),
        "mean_loss_of_first_tenth": round(sum(map(float, losses[:tenth])) / tenth, 4),
        "mean_loss_of_last_tenth": round(sum(map(float, losses[-tenth:])) / tenth, 4),
    }
