"""params.yaml as the trainer's arguments; nothing is saved behind DVC's back, or reported but to `runtime.trackers`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from lexfit.config import Params


def layer_rates(layers: int, learning_rate: float, decay: float) -> dict[str, float]:
    """Learning rates by layer: the top layer's is `learning_rate`, each below has `decay` times that above.

    Layer-wise decay as in ULMFiT's discriminative fine-tuning (Howard and Ruder 2018, arXiv 1801.06146).

    Args:
        layers: How many the model has.
        learning_rate: Of the top layer, and of everything outside the layers.
        decay: In (0, 1].

    Returns:
        Rates by a pattern of parameter names, as `learning_rate_mapping` takes them; empty if all are equal.
    """
    if decay == 1.0:
        return {}
    return {
        rf"\.(layer|layers|h|block|blocks)\.{layer}\.": learning_rate * decay ** (layers - 1 - layer)
        for layer in range(layers)
    }


def training_arguments(params: Params, folder: str, layers: nn.ModuleList, sources: list[str]) -> Any:
    """The trainer's arguments.

    Args:
        params: batches, train, hardware, runtime and seed are used.
        folder: For checkpoints.
        layers: The transformer's layers.
        sources: Those that train in batches of their own, in their order.
    """
    from sentence_transformers import SentenceTransformerTrainingArguments  # noqa: PLC0415

    from lexfit.training.source_batches import SourceBatchSampler  # noqa: PLC0415

    train, hardware = params.train, params.hardware
    early = train.early_stopping is not None
    arguments = SentenceTransformerTrainingArguments(
        output_dir=folder,
        num_train_epochs=train.epochs,
        max_steps=-1 if train.max_steps is None else train.max_steps,
        per_device_train_batch_size=params.batches.size,
        multi_dataset_batch_sampler=partial(
            SourceBatchSampler,
            weights=[params.data.train[name].weight if name in params.data.train else 1.0 for name in sources],
            temperature=params.batches.source_temperature,
        ),
        batch_sampler="no_duplicates" if params.batches.sampler == "no_duplicates" else "batch_sampler",
        learning_rate=train.learning_rate,
        learning_rate_mapping=layer_rates(len(layers), train.learning_rate, train.layer_decay),
        warmup_steps=train.warmup_ratio,
        weight_decay=train.weight_decay,
        lr_scheduler_type=train.scheduler,
        max_grad_norm=train.max_grad_norm,
        bf16=hardware.dtype == "bfloat16",
        fp16=hardware.dtype == "float16",
        activation_checkpointing=hardware.gradient_checkpointing,
        use_cpu=params.runtime.device == "cpu",
        disable_tqdm=not params.runtime.progress,
        seed=params.seed,
        data_seed=params.seed,
        save_strategy="epoch" if early else "steps",
        save_steps=params.runtime.checkpoint_every,
        save_total_limit=2,
        eval_strategy="epoch" if early else "no",
        load_best_model_at_end=early,
        restore_callback_states_from_checkpoint=early,  # the patience that is used up
        metric_for_best_model="inner_ndcg_at_10" if early else None,
        greater_is_better=True if early else None,
        report_to=list(params.runtime.trackers) or "none",
        logging_steps=1,
        logging_strategy="steps",
        logging_nan_inf_filter=False,  # by default the trainer reports NaN as 0
    )
    arguments.dataloader_drop_last = False  # of several processes each has whole batches, the last one too
    return arguments
