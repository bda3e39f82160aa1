"""params.yaml as frozen dataclasses, one per section: unknown keys, `???` and wrong types are errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from lexfit.errors import LexfitError
from lexfit.typed import build

PARAMS = Path("params.yaml")


@dataclass(frozen=True)
class SourceParams:
    """One data source: where it is, at which revision, under which licence."""

    source: Literal["constitution", "aila", "aila_fire", "beir"]
    path: str | None
    url: str | None
    hub_id: str | None
    revision: str | None
    sha256: str | None
    license: str
    split: str
    train_split: str | None


@dataclass(frozen=True)
class DataParams(SourceParams):
    """The task's source, which of its documents are ranked, and further sources to train on.

    `pool` is `all` documents, or only those `judged` relevant to at least one query (as MTEB has it).
    """

    pool: Literal["all", "judged"]
    train: dict[str, SourceParams]


@dataclass(frozen=True)
class ProtocolParams:
    """What a model may see of the task's queries and judgements.

    A training query that shares `overlap_share` of the word n-grams (n = `overlap_words`) of the shorter
    text with an evaluation query stops the pipeline; queries of a fold structure that do so share a fold.
    """

    name: Literal["zero_shot", "holdout", "fire2019", "kfold", "all_labels"]
    overlap_words: int
    overlap_share: float


@dataclass(frozen=True)
class CrossvalParams:
    """The folds, numbered from 0: their count is k, and `dvc.yaml` runs one stage for each."""

    folds: list[int]


@dataclass(frozen=True)
class CleanParams:
    """Which repairs are made, the near-duplicate threshold (Jaccard of 5-word shingles), the splitting."""

    encoding: bool
    unicode: Literal["NFC", "NFKC", "none"]
    html: bool
    control: bool
    headers: bool
    whitespace: bool
    near_duplicate: float
    split: Literal["none", "clause", "tokens"]
    split_tokens: int
    split_overlap: int


@dataclass(frozen=True)
class NegativesParams:
    """Mining of hard negatives; ranks count from 1 among the documents that aren't known positives.

    A candidate passes if its score is at most `positive - absolute_margin` and at most
    `positive * (1 - relative_margin)`, where `positive` is the query's lowest-scored positive.
    """

    miners: list[str]
    per_query: int
    rank_min: int
    rank_max: int
    absolute_margin: float | None
    relative_margin: float | None


@dataclass(frozen=True)
class ModelParams:
    """A base model: exactly one of `package` (an installed one), `hub_id` and `path` says where it is."""

    name: str
    package: str | None
    hub_id: str
    path: str | None
    revision: str
    license: str
    pooling: Literal["mean", "cls", "lasttoken", "max"] | None
    padding_side: Literal["left", "right"]
    query_prompt: str
    document_prompt: str
    max_seq_length: int
    similarity: Literal["cosine", "dot"]
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
    """The contrastive loss; `symmetric` adds the direction from documents to queries."""

    name: Literal["masked_mnrl"]
    temperature: float
    symmetric: bool


@dataclass(frozen=True)
class TrainParams:
    """Optimisation: `batch_size` counts (query, positive) pairs; every key here changes the weights."""

    epochs: int
    batch_size: int
    negatives: int
    learning_rate: float
    warmup_ratio: float
    weight_decay: float
    scheduler: str
    max_grad_norm: float
    dropout: float
    max_seq_length: int


@dataclass(frozen=True)
class HardwareParams:
    """What of the machine changes numbers: arithmetic, attention kernel, quantisation, CPU threads.

    With `attention: auto` transformers takes the best kernel that the architecture has; the run's summary says which.
    """

    name: str
    dtype: Literal["float32", "bfloat16", "float16"]
    attention: Literal["auto", "eager", "sdpa", "flash_attention_2"]
    quantization: Literal["none", "nf4"]
    gradient_checkpointing: bool
    threads: int


@dataclass(frozen=True)
class EvaluationParams:
    """Encoding batch size, bootstrap resamples, permutations and the intervals' confidence level."""

    batch_size: int
    bootstrap: int
    permutations: int
    confidence: float


@dataclass(frozen=True)
class CardParams:
    """What only the author knows: the model's name and licence."""

    name: str
    license: str
    language: str


@dataclass(frozen=True)
class RuntimeParams:
    """What doesn't change results; no stage tracks it."""

    device: str
    workers: int
    progress: bool


@dataclass(frozen=True)
class Params:
    """All of params.yaml."""

    seed: int
    data: DataParams
    protocol: ProtocolParams
    crossval: CrossvalParams
    clean: CleanParams
    negatives: NegativesParams
    model: ModelParams
    adapter: AdapterParams
    loss: LossParams
    train: TrainParams
    hardware: HardwareParams
    evaluation: EvaluationParams
    card: CardParams
    runtime: RuntimeParams


def parse_params(value: Any, where: str = str(PARAMS)) -> Params:
    """Check a params mapping against the dataclasses and their rules across sections."""
    from lexfit.rules import check_rules  # noqa: PLC0415  (it imports this module)

    params = build(Params, value, "", where)
    check_rules(params, where)
    return params


def load_params(path: Path = PARAMS) -> Params:
    """Read and check params.yaml."""
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LexfitError(str(path), "no such file", "Run from the repository's root") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise LexfitError(f"{path}{line}", "not valid YAML", "Mend it or `git checkout params.yaml`") from error
    return parse_params(value, str(path))
