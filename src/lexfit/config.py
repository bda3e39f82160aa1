"""params.yaml as frozen dataclasses, one per section: unknown keys, `???` and wrong types are errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lexfit.config_data import DataParams, SourceParams, TrainSourceParams
from lexfit.config_evaluation import EvaluationParams, ExportsParams, RetentionParams, SpeedParams
from lexfit.config_second_stage import SecondStageParams
from lexfit.config_training import (
    AdapterParams,
    AdaptParams,
    BatchesParams,
    HardwareParams,
    LossParams,
    ModelParams,
    PretrainParams,
    Similarity,
    TrainParams,
)
from lexfit.errors import LexfitError
from lexfit.typed import build
from lexfit.yaml_files import read_yaml

__all__ = [
    "AdapterParams",
    "AuditParams",
    "BatchesParams",
    "CardParams",
    "CleanParams",
    "CrossvalParams",
    "DataParams",
    "EvaluationParams",
    "ExportsParams",
    "HardwareParams",
    "LossParams",
    "ModelParams",
    "NegativesParams",
    "Params",
    "ProtocolParams",
    "RetentionParams",
    "RuntimeParams",
    "SecondStageParams",
    "SelectionParams",
    "Similarity",
    "SourceParams",
    "SpeedParams",
    "TrainParams",
    "TrainSourceParams",
    "load_params",
    "parse_params",
]

PARAMS = Path("params.yaml")


@dataclass(frozen=True)
class GeneratorParams:
    """The language model that writes synthetic queries, what it is asked, and how it samples.

    `prompt` has the places `{title}` and `{text}` of a document; it goes into the model's chat template, if any.
    """

    model: ModelParams
    prompt: str
    temperature: float
    top_p: float
    max_new_tokens: int


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
class AuditParams:
    """When training texts are near duplicates of evaluation ones (Jaccard of 5-word shingles, cosine of embeddings).

    Pairs of queries are shown from `embedding_threshold` on (null: embeddings aren't compared), and stop the pipeline
    from `embedding_failure` on.
    """

    near_duplicate: float
    embedding_threshold: float | None
    embedding_failure: float


@dataclass(frozen=True)
class CrossvalParams:
    """The folds, numbered from 0: their count is k, and `dvc.yaml` runs one stage for each.

    With `run: false` queries still have folds, but none is held out in turn: for training data with held-out queries.
    """

    folds: list[int]
    run: bool


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
    `positive - relative_margin * |positive|`, where `positive` is the query's best-scored positive.
    `weighting` is that of the negatives in a loss: all alike, or falling with the rank.
    """

    miners: list[str]
    per_query: int
    rank_min: int
    rank_max: int
    absolute_margin: float | None
    relative_margin: float | None
    weighting: Literal["uniform", "rank"]


@dataclass(frozen=True)
class SelectionParams:
    """Nested cross-validation: `stages` is [] or [scores].

    Each training is scored after these `epochs` ([]: at its end alone), each time at these interpolations.
    """

    stages: list[Literal["scores"]]
    epochs: list[int]
    interpolations: list[float]


@dataclass(frozen=True)
class CardParams:
    """What only the author knows: the model's name and licence, and why conflicts with other licences don't hold."""

    name: str
    license: str
    licence_override_reason: str | None
    language: str


@dataclass(frozen=True)
class RuntimeParams:
    """What doesn't change results; no stage tracks it.

    A killed training goes on from its last checkpoint, one every `checkpoint_every` steps. With `keep_checkpoints`
    those of a finished training stay for two weeks, so that an experiment with the same training takes up its end:
    `pretrain` under `kfold` is the model stage under `zero_shot`. Trunk outputs are kept on disk up to
    `trunk_cache_mb` MiB, finished models' embeddings up to `embedding_cache_mb`; 0 keeps none. `processes` share each
    training of the stages model, pretrain and crossval, and the embedding of many texts: one for each GPU. `trackers`
    log beside DVCLive.
    """

    device: str
    progress: bool
    checkpoint_every: int
    keep_checkpoints: bool
    trunk_cache_mb: int
    embedding_cache_mb: int
    processes: int
    trackers: list[Literal["tensorboard", "mlflow", "wandb"]]


@dataclass(frozen=True)
class Params:
    """All of params.yaml."""

    seed: int
    data: DataParams
    generator: GeneratorParams
    protocol: ProtocolParams
    crossval: CrossvalParams
    audit: AuditParams
    clean: CleanParams
    negatives: NegativesParams
    adapt: AdaptParams
    pretrain: PretrainParams
    model: ModelParams
    adapter: AdapterParams
    loss: LossParams
    batches: BatchesParams
    train: TrainParams
    hardware: HardwareParams
    evaluation: EvaluationParams
    retention: RetentionParams
    exports: ExportsParams
    selection: SelectionParams
    second_stage: SecondStageParams
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
    if not path.exists():
        raise LexfitError(str(path), "no such file", "Run from the repository's root")
    return parse_params(read_yaml(path, f"Mend it or `git checkout {path.name}`"), str(path))
