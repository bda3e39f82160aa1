"""Fine-tuning end to end on a tiny model: it learns, repeats bit by bit, saves its prompts, and refuses NaN."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from lexfit.config import Params
from lexfit.config_training import BatchesParams
from lexfit.errors import LexfitError
from lexfit.training.base_models import check_device, load_base_model
from lexfit.training.batches import TrainingData, load_training_data
from lexfit.training.saving import name_adapter_base, save_model
from lexfit.training.trainer import fine_tune

ONE_NEGATIVE = BatchesParams(
    size=4,
    negatives=1,
    negative_weight=1.0,
    remine_every=0,
    sampler="random",
    windows=1,
    window_words=180,
    refresh_documents=1,
    sources="mixed",
    source_temperature=1.0,
)
WORDS = ["robbery", "contract", "marriage", "taxation", "election", "murder", "evidence", "custody"]


def make_data(*, inner: bool = False) -> TrainingData:
    """Eight queries, a document for each, in four folds, the first of which is held back for early stopping."""
    queries = [
        {
            "id": f"q{i}",
            "source": "task",
            "clean_text": f"facts about {w} and {w}",
            "positives": [f"d{i}"],
            "fold": i % 4,
        }
        for i, w in enumerate(WORDS)
    ]
    documents = [{"id": f"d{i}", "source": "task", "passages": [f"the law of {w}"]} for i, w in enumerate(WORDS)]
    pairs = [{"query_id": f"q{i}", "doc_id": f"d{i}", "score": 1} for i in range(8)]
    negatives = [{"query_id": f"q{i}", "doc_id": f"d{(i + n) % 8}", "weight": 1.0} for i in range(8) for n in (1, 2)]
    records: dict[str, list[dict[str, Any]]] = {
        "queries": queries,
        "documents": documents,
        "pairs": pairs,
        "negatives": negatives,
    }
    return load_training_data(records, ONE_NEGATIVE, set(), inner=inner)


@pytest.fixture
def data() -> TrainingData:
    return make_data()


@pytest.fixture
def params(
    tiny_model: Path, make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Params]:
    monkeypatch.chdir(tmp_path)

    def make(*overrides: str) -> Params:
        common = [
            "batches.size=4",
            "train.epochs=10",
            "train.learning_rate=0.005",
            f"model.path={tiny_model}",
            "adapter=full",
        ]
        return make_params(*common, *overrides)

    return make


def weights(model: SentenceTransformer) -> dict[str, bytes]:
    return {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_it_learns_and_two_runs_give_the_same_bytes(
    params: Callable[..., Params], data: TrainingData, tmp_path: Path, adapter: str
) -> None:
    chosen = params(f"adapter={adapter}")
    first = fine_tune(chosen, data, tmp_path / "live")
    first.forget_checkpoints()
    second = fine_tune(chosen, data, tmp_path / "live2")
    assert first.curve == second.curve
    assert weights(first.model) == weights(second.model)
    start = sum(p["loss"] for p in first.curve[:4])
    assert sum(p["loss"] for p in first.curve[-4:]) < 0.8 * start
    assert (tmp_path / "live/plots/metrics/train/rows_per_second.tsv").exists()


def test_another_seed_gives_other_batches(params: Callable[..., Params], data: TrainingData, tmp_path: Path) -> None:
    curves = [fine_tune(params("train.epochs=1", f"seed={s}"), data, tmp_path / f"{s}").curve for s in (1, 2)]
    assert curves[0] != curves[1]


def test_prompts_length_and_similarity_survive_saving(
    params: Callable[..., Params], data: TrainingData, tmp_path: Path
) -> None:
    chosen = params("train.epochs=1", 'model.query_prompt="query: "', "model.similarity=dot", "model.max_seq_length=77")
    trained = fine_tune(chosen, data, tmp_path / "live").model
    save_model(trained, tmp_path / "model")
    loaded = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    assert "+" not in (tmp_path / "model/config_sentence_transformers.json").read_text()
    assert loaded.prompts == {"query": "query: ", "document": ""}
    assert loaded.similarity_fn_name == "dot"
    assert loaded.max_seq_length == 77
    np.testing.assert_array_equal(loaded.encode_query(["x"]), trained.encode_query(["x"]))
    np.testing.assert_array_equal(loaded.encode_query(["x"]), loaded.encode(["query: x"]))
    assert not list((tmp_path / "model").rglob("*.bin"))


def test_a_model_trained_in_bf16_is_scored_as_when_loaded_from_its_folder(
    params: Callable[..., Params], data: TrainingData, tmp_path: Path
) -> None:
    trained = fine_tune(params("train.epochs=1", "hardware.dtype=bfloat16"), data, tmp_path / "live").model
    save_model(trained, tmp_path / "model")
    loaded = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    np.testing.assert_array_equal(trained.encode(WORDS), loaded.encode(WORDS))


def test_batch_size_does_not_change_vectors_beyond_rounding(params: Callable[..., Params]) -> None:
    chosen = params()
    model = load_base_model(chosen.model, chosen.hardware, chosen.runtime)
    texts = [" ".join(WORDS[: i + 1]) for i in range(8)]
    np.testing.assert_allclose(model.encode(texts, batch_size=1), model.encode(texts, batch_size=8), atol=1e-5)


def test_a_loss_that_is_no_number_stops_with_the_step(
    params: Callable[..., Params], data: TrainingData, tmp_path: Path
) -> None:
    with pytest.raises(LexfitError, match=r"training step \d+: the loss is nan on the batch with queries q.*rate"):
        fine_tune(
            params("train.learning_rate=1e30", "train.warmup_ratio=0.0", "train.max_grad_norm=1e30"),
            data,
            tmp_path / "live",
        )


def test_a_model_that_cannot_be_had_offline_names_the_way_out(
    make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    chosen = make_params("model=qwen3-embedding-0.6b")
    with pytest.raises(
        LexfitError,
        match=r"Qwen/Qwen3-Embedding-0\.6B .*can't be loaded from the Hub.*model=all-minilm-l6-v2",
    ):
        load_base_model(chosen.model, chosen.hardware, chosen.runtime)


def test_a_folder_without_a_model_is_named(make_params: Callable[..., Params], tmp_path: Path) -> None:
    chosen = make_params(f"model.path={tmp_path}")
    with pytest.raises(LexfitError, match=r"model\.path"):
        load_base_model(chosen.model, chosen.hardware, chosen.runtime)


def test_a_missing_device_is_named(make_params: Callable[..., Params]) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(LexfitError, match=r"runtime\.device: no cuda device here.*hardware=cpu"):
        check_device(make_params("hardware=h100").runtime)


def test_qlora_trains_on_a_4_bit_base_and_merges_into_a_plain_model(
    params: Callable[..., Params], data: TrainingData, tmp_path: Path
) -> None:
    chosen = params("adapter=lora", "hardware.quantization=nf4", "adapter.target_modules=[query,value]")
    trained = fine_tune(chosen, data, tmp_path / "live", tmp_path / "adapter")
    assert sum(p["loss"] for p in trained.curve[-4:]) < sum(p["loss"] for p in trained.curve[:4])
    assert (tmp_path / "adapter/adapter_model.safetensors").exists()
    name_adapter_base(tmp_path / "adapter", chosen.model.hub_id, chosen.model.revision)
    written = "".join(f.read_text() for f in (tmp_path / "adapter").iterdir() if f.suffix in {".json", ".md"})
    assert str(chosen.model.path) not in written
    assert chosen.model.hub_id in written
    trained.model.save_pretrained(str(tmp_path / "plain"), create_model_card=False)
    loaded = SentenceTransformer(str(tmp_path / "plain"), device="cpu")
    assert {p.dtype for p in loaded.parameters()} == {next(loaded.parameters()).dtype}
    np.testing.assert_array_equal(loaded.encode(["murder"]), trained.model.encode(["murder"]))
    assert "quantization_config" not in (tmp_path / "plain/config.json").read_text()


@pytest.mark.parametrize("quantization", ["none", "nf4"])
def test_before_the_base_is_loaded_for_the_adapter_the_model_that_trained_is_gone(
    params: Callable[..., Params],
    data: TrainingData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quantization: str,
) -> None:
    loaded: list[weakref.ref[SentenceTransformer]] = []
    alive: list[int] = []

    def load(*arguments: Any, **options: Any) -> SentenceTransformer:
        alive.append(sum(reference() is not None for reference in loaded))
        model = load_base_model(*arguments, **options)
        loaded.append(weakref.ref(model))
        return model

    monkeypatch.setattr("lexfit.training.trainer.load_base_model", load)
    quantised = f"hardware.quantization={quantization}"
    fine_tune(params("adapter=lora", quantised, "adapter.target_modules=[query,value]"), data, tmp_path / "live")
    assert alive == [0, 0]


@pytest.mark.parametrize("pooling", ["mean", "cls", "lasttoken"])
def test_a_plain_transformer_gets_the_pooling_of_its_params(
    params: Callable[..., Params], tiny_model: Path, pooling: str
) -> None:
    plain = tiny_model.parent / "transformer"
    chosen = params(f"model.path={plain}", f"model.pooling={pooling}")
    model = load_base_model(chosen.model, chosen.hardware, chosen.runtime)
    assert model[1].get_config_dict()["pooling_mode"] == pooling
    expected = SentenceTransformer(str(tiny_model), device="cpu").encode(["murder by night"])
    same = np.allclose(model.encode(["murder by night"]), expected)
    assert same is (pooling == "mean")
