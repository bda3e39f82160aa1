"""The params section `second_stage`: what reorders or fuses the first stage's ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lexfit.config_training import AdapterParams, ModelParams


@dataclass(frozen=True)
class RerankerTrainingParams:
    """One phase of a reranker's training: `steps` 0 leaves it out.

    A step takes `queries` queries, each with a known positive, drawn anew each time, and `negatives` documents that
    aren't known positives, drawn from the first `negatives_from` of the miner's ranking.
    """

    steps: int
    queries: int
    negatives: int
    negatives_from: int
    learning_rate: float
    warmup_ratio: float
    weight_decay: float


@dataclass(frozen=True)
class RerankerParams:
    """A cross-encoder that reads a query and a document together and scores the pair.

    `model` without a scoring head gets a fresh one, and a language model scores by its logits of yes and no; its
    prompts, pooling and similarity aren't used. `listnet` takes the softmax over a query's documents, `lambda`
    pairs of them weighted by what swapping them costs in nDCG, `bce` each document alone. A pair is cut to
    `max_length` tokens, at the longer text's end. A query is read as up to `windows` texts of `window_words` words,
    each beginning half a window after the last; the best window's score counts. `top_layers` trains only the last n
    layers and the head (null: all). `further` trains on `data.train`, then `own` on the task's own queries, where
    the protocol has any.
    """

    model: ModelParams
    loss: Literal["listnet", "lambda", "bce"]
    max_length: int
    windows: int
    window_words: int
    top_layers: int | None
    dropout: float
    further: RerankerTrainingParams
    own: RerankerTrainingParams


@dataclass(frozen=True)
class ListwiseTrainingParams:
    """One phase of a listwise model's training: `steps` 0 leaves it out; a step takes `queries` queries."""

    steps: int
    queries: int
    learning_rate: float
    warmup_ratio: float
    weight_decay: float


@dataclass(frozen=True)
class ListwiseParams:
    """A causal language model, under adapters, that answers the facts of a case with a list of statutes' names.

    `prompt` has {facts}, of which the first `facts_tokens` tokens are read, and {count}. A statute's name is the first
    line of its text, cut to `name_words` words (more where texts begin alike). Lists of `count` names are decoded, and
    nothing that isn't a name can be. `further` trains on `data.train`, then `own` on the task's own queries, where the
    protocol has any: the answer is their known positives.
    """

    model: ModelParams
    adapter: AdapterParams
    prompt: str
    facts_tokens: int
    name_words: int
    count: int
    further: ListwiseTrainingParams
    own: ListwiseTrainingParams


@dataclass(frozen=True)
class StudentParams:
    """The first stage trained anew, on its own labels and on what other systems make of the training queries.

    Scores of `teachers` (`dense`, `bm25`, neighbours, rerankers) over all documents, standardised and averaged, are a
    distribution at `temperature`, whose share of the target is `weight` (the rest is the labels').
    """

    teachers: list[str]
    weight: float
    temperature: float


@dataclass(frozen=True)
class SoupParams:
    """The mean of fold models' weights, at one of these `shares` of the way from the base; inner folds choose."""

    shares: list[float]


@dataclass(frozen=True)
class NeighboursParams:
    """Votes of the `count` nearest training queries, weighted by the softmax of similarity over `temperature`."""

    count: int
    temperature: float


@dataclass(frozen=True)
class FusionParams:
    """Fusion of rankings: their weights are multiples of 1/`grid`; `rrf_k` is reciprocal rank fusion's constant."""

    grid: int
    rrf_k: int


@dataclass(frozen=True)
class ExplainerParams:
    """A causal language model that says why a statute may apply (`lexfit explain`; no stage reads this).

    `prompt` has {facts} and {statute}, of which the first `facts_tokens` and `statute_tokens` tokens are read. It
    quotes `least_words` to `most_words` words of each, and goes on for up to `max_new_tokens` tokens.
    """

    model: ModelParams
    prompt: str
    facts_tokens: int
    statute_tokens: int
    least_words: int
    most_words: int
    max_new_tokens: int


@dataclass(frozen=True)
class SecondStageParams:
    """Systems after the first stage, by name, and the table of their scores (`tables`: [] or [scores]).

    They reorder the first `depth` documents of the first stage's ranking. Under `zero_shot` the weights of a fusion
    are learned from `learning_queries` held-out queries of the sources, drawn by the seed.
    """

    tables: list[Literal["scores"]]
    neighbours: dict[str, NeighboursParams]
    rerankers: dict[str, RerankerParams]
    listwise: dict[str, ListwiseParams]
    students: dict[str, StudentParams]
    soups: dict[str, SoupParams]
    depth: int
    learning_queries: int
    fusion: FusionParams
