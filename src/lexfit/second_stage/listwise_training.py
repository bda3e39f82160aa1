"""Training of a listwise model: the answer's tokens are learned, the question's aren't."""

from __future__ import annotations

import random
import shutil
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from lexfit.cache import forget_old
from lexfit.training.checkpoints import latest_whole, run_steps
from lexfit.training.memory import explained_memory_errors
from lexfit.training.tracking import curve_of
from lexfit.training.whole_checkpoints import WholeCheckpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from lexfit.config import HardwareParams, RuntimeParams
    from lexfit.config_second_stage import ListwiseTrainingParams
    from lexfit.second_stage.listwise import Lister
    from lexfit.training.batches import TrainingData

IGNORED = -100


def answers(
    data: TrainingData, rows: Sequence[int], names: Mapping[str, str], count: int, seed: int
) -> list[list[str]]:
    """The names that a query's answer lists: its known positives by falling judgement, equal ones in a drawn order.

    Args:
        data: Judgements.
        rows: Numbers of queries; one drawn again gets another order.
        names: Name by document id.
        count: The most that are listed.
        seed: Of the orders.
    """
    generator = random.Random(f"{seed}/listwise answers")
    out = []
    for row in rows:
        known = [(-score, document) for document, score in sorted(data.positives[row].items()) if score > 0]
        generator.shuffle(known)
        known.sort(key=itemgetter(0))
        out.append(list(dict.fromkeys(names[data.doc_ids[document]] for _, document in known))[:count])
    return out


def examples(model: Lister, facts: Sequence[str], listed: Sequence[Sequence[str]]) -> list[dict[str, list[int]]]:
    """Token ids of question and answer, with labels of the answer alone."""
    out = []
    for text, names in zip(facts, listed, strict=True):
        question, answer = model.prompt(text), model.answer(names)
        labels = [IGNORED] * len(question) + answer
        out.append({"input_ids": question + answer, "attention_mask": [1] * len(labels), "labels": labels})
    return out


def collator(tokenizer: Any) -> Callable[[list[dict[str, Any]]], dict[str, Any]]:
    """Pads rows, and has the model compute logits from the first answer's place on.

    The loss and its gradients are those of logits everywhere; SmolLM2-135M's step took 14.7 in place of 24.5 s, and
    12.3 in place of 14.2 GiB (reports/LOG.md, 2026-12-01). transformers' models take `logits_to_keep`, the last
    places, and their loss `shift_labels`, one for each.
    """
    from torch.nn.functional import pad  # noqa: PLC0415
    from transformers import DataCollatorForSeq2Seq  # noqa: PLC0415

    padded = DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=IGNORED)

    def collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = dict(padded(rows))
        labels = batch["labels"]
        first = int((labels != IGNORED).any(dim=0).nonzero()[0])
        shifted = pad(labels[:, first:], (0, 1), value=IGNORED)
        return {**batch, "logits_to_keep": shifted.shape[1], "shift_labels": shifted}

    return collate


def micro_batch(queries: int, limit: int) -> int:
    """The largest part of a step, at most `limit`, that a step consists of whole."""
    return max(size for size in range(1, min(queries, limit) + 1) if queries % size == 0)


def train_phase(
    model: Lister,
    rows: Sequence[dict[str, list[int]]],
    phase: ListwiseTrainingParams,
    *,
    hardware: HardwareParams,
    runtime: RuntimeParams,
    seed: int,
    folder: Path,
) -> list[dict[str, float]]:
    """Run one phase, from its last whole checkpoint if there is one; returns the curve.

    Args:
        model: Its adapters train in place.
        rows: As `examples` gives them.
        phase: Steps and optimisation.
        hardware: Precision, and at most how many rows are computed at once.
        runtime: Device, and how often a checkpoint is written.
        seed: Of order and dropout.
        folder: For checkpoints.

    Raises:
        LexfitError: The loss is no finite number, or memory is short.
    """
    from datasets import Dataset  # noqa: PLC0415
    from transformers import (  # noqa: PLC0415
        PrinterCallback,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    set_seed(seed)
    size = micro_batch(phase.queries, hardware.chunk)
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=phase.steps,
        per_device_train_batch_size=size,
        gradient_accumulation_steps=phase.queries // size,
        learning_rate=phase.learning_rate,
        warmup_steps=phase.warmup_ratio,
        weight_decay=phase.weight_decay,
        bf16=hardware.dtype == "bfloat16",
        fp16=hardware.dtype == "float16",
        gradient_checkpointing=hardware.gradient_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False} if hardware.gradient_checkpointing else None,
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
        label_names=["labels"],
    )
    forget_old(folder)
    checkpoint = latest_whole(folder)
    trainer = Trainer(
        model=model.model,
        args=arguments,
        train_dataset=Dataset.from_list([dict(row) for row in rows]),
        data_collator=collator(model.tokenizer),
        callbacks=[WholeCheckpoints(folder, "listwise model")],
    )
    trainer.remove_callback(PrinterCallback)
    with explained_memory_errors():
        run_steps(trainer, checkpoint)
    restored: Any = trainer.accelerator.unwrap_model(model.model, keep_fp32_wrapper=False)
    model.model = restored.eval()
    shutil.rmtree(folder, ignore_errors=True)
    return curve_of(trainer.state)
