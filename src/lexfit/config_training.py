"""The params sections that training reads, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Similarity = Literal["cosine", "dot"]


@dataclass(frozen=True)
class ModelParams:
    """A base model: in the folder `path`, else in the installed `package`, else on the Hub.

    With `gguf_file` its weights and tokenizer are those of that GGUF file in `path` or `package`; `hub_id` and
    `revision` then name the model that the file was made from. `dtype` is what the weights were published in: those
    that don't train are kept in it where `hardware.dtype` is below float32. `pooling` is that of a model without
    sentence-transformers modules (null: it has its own); `lasttoken` pools at an end-of-sequence token, which each
    text gets unless the tokenizer already adds one.
    """

    name: str
    package: str | None
    gguf_file: str | None
    hub_id: str
    path: str | None
    revision: str
    license: str
    dtype: Literal["float32", "bfloat16", "float16"]
    pooling: Literal["mean", "cls", "lasttoken", "max"] | None
    padding_side: Literal["left", "right"]
    query_prompt: str
    document_prompt: str
    max_seq_length: int
    similarity: Similarity
    trust_remote_code: bool


@dataclass(frozen=True)
class AdapterParams:
    """`full` or `lora`; `top_layers` trains only the last n transformer layers (null: all)."""

    kind: Literal["full", "lora"]
    top_layers: int | None
    rank: int
    alpha: int
    dropout: float
    target_modules: list[str]


@dataclass(frozen=True)
class LossParams:
    """The loss; the files of conf/loss say which keys each one reads, and the others stay at their neutral values.

    `corpus_softmax`: `positive_weights` (`graded`: known positives share the target as their judgements' scores say,
    else alike), `label_smoothing`, `soft_labels` (with `soft_weight`, `soft_temperature`), `corpus_limit`.
    `masked_mnrl`: `symmetric`. `gist`, `margin_mse`, `distill_kl`: `teacher`. `triplet`, `gist`: `margin`.
    All but `triplet` and `margin_mse` divide the model's similarities by `temperature` (for dot products 1 is usual).
    `matryoshka_dims` wraps any of them.
    """

    name: Literal["corpus_softmax", "masked_mnrl", "triplet", "gist", "margin_mse", "distill_kl"]
    temperature: float
    symmetric: bool
    margin: float
    positive_weights: Literal["uniform", "graded"]
    label_smoothing: float
    soft_labels: Literal["none", "bm25", "base"]
    soft_weight: float
    soft_temperature: float
    teacher: Literal["bm25", "base"]
    corpus_limit: int
    matryoshka_dims: list[int]


@dataclass(frozen=True)
class BatchesParams:
    """What a step is made of.

    `size` counts queries for `corpus_softmax` and (query, positive) pairs for the other losses, `negatives`
    the mined negatives of each pair, whose weight in the softmax is `negative_weight` times that of an in-batch
    one. With `remine_every` n > 0 the current model mines them anew after every n steps. With `windows` n > 1 a query
    trains as up to n texts of `window_words` words, each beginning half a window after the last: what stands in a long
    text beyond the model's length takes part as well. Queries are ranked whole. With `refresh_documents` n > 1 a step
    of `corpus_softmax` embeds one in n of the documents' passages anew; the others count as they were up to n - 1 steps
    before. `sources: apart` fills each batch from one source, in proportion to (weight x rows)^(1/`source_temperature`)
    of each; `mixed` shuffles all rows.
    """

    size: int
    negatives: int
    negative_weight: float
    remine_every: int
    sampler: Literal["random", "no_duplicates"]
    windows: int
    window_words: int
    refresh_documents: int
    sources: Literal["mixed", "apart"]
    source_temperature: float


@dataclass(frozen=True)
class TrainParams:
    """Optimisation; every key here changes the weights.

    `max_steps` ends training before all epochs are through, and is what the schedule is laid out for (null: all
    epochs). Otherwise the schedule is laid out for `schedule_epochs` (null: `epochs`), of which the first `epochs` run.
    The learning rate of a layer is `layer_decay` times that of the layer above. `early_stopping` holds the fold
    after the excluded one out of training, and stops after that many epochs without gain on it (null: never).
    In each step the layers that train see the share `token_share` of a text's tokens, drawn anew, above frozen layers
    that have read them all (1: all of them; Li et al. 2023, arXiv 2212.00794).
    The tuned weights are the mean of those after each of the last `average_epochs` epochs (1: after the last alone;
    Izmailov et al. 2018, arXiv 1803.05407), and the final ones `base + interpolation * (tuned - base)` (Wortsman et al.
    2022, arXiv 2109.01903).
    """

    epochs: int
    max_steps: int | None
    schedule_epochs: int | None
    learning_rate: float
    layer_decay: float
    warmup_ratio: float
    weight_decay: float
    scheduler: str
    max_grad_norm: float
    dropout: float
    max_seq_length: int
    token_share: float
    average_epochs: int
    interpolation: float
    early_stopping: int | None


@dataclass(frozen=True)
class AdaptParams:
    """Adaptation of the base model to the language of the documents that train, before any other training (TSDAE).

    `steps` 0 leaves the base as it is. A text loses the share `deletion` of its words, and is written anew, up to
    `max_seq_length` tokens, from its embedding.
    """

    steps: int
    batch_size: int
    learning_rate: float
    deletion: float
    max_seq_length: int


@dataclass(frozen=True)
class RecipeParams:
    """How a training goes: what the sections of these names say, for a training of its own."""

    adapter: AdapterParams
    loss: LossParams
    batches: BatchesParams
    train: TrainParams


@dataclass(frozen=True)
class PretrainParams:
    """A first training on `data.train` alone, whose model the task's own queries then train (null: one training)."""

    recipe: RecipeParams | None


@dataclass(frozen=True)
class HardwareParams:
    """What of the machine changes numbers: arithmetic, attention kernel, quantisation, CPU threads.

    With `attention: auto` transformers takes the best kernel that the architecture has; the run's summary says which.
    `training_attention` is the kernel of the layers that train, in training steps alone (null: `attention`).
    Training encodes `chunk` texts at once; with `gradient_cache` it encodes them again for the gradient, so that
    memory is that of one chunk (Gao et al. 2021, arXiv 2101.06983), not with `gradient_checkpointing`.
    `trunk_cache` runs layers that don't train once for each text. `compile` has torch compile those that train.
    """

    name: str
    dtype: Literal["float32", "bfloat16", "float16"]
    attention: Literal["auto", "eager", "sdpa", "flash_attention_2"]
    training_attention: Literal["eager", "sdpa"] | None
    quantization: Literal["none", "nf4", "int8"]
    gradient_checkpointing: bool
    gradient_cache: bool
    chunk: int
    trunk_cache: bool
    compile: bool
    threads: int
