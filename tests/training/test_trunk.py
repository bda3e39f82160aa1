"""The frozen trunk: what it holds is the model's own, from disk as from memory, and training with it is training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer

from lexfit.config import Params
from lexfit.tensor_store import TensorStore
from lexfit.training.batches import TrainingData
from lexfit.training.layers import find_layers, first_trained_layer, freeze_below
from lexfit.training.trainer import fine_tune
from lexfit.training.trunk import FrozenTrunk
from lexfit.training.trunk_scope import trunk_scope, weights_identity
from tests.training.test_batches import build

Make = Callable[..., Params]


@pytest.fixture
def model(tiny_model: Path) -> SentenceTransformer:
    loaded = SentenceTransformer(str(tiny_model), device="cpu")
    freeze_below(loaded[0].model, 1)
    return loaded


def test_output_is_the_input_of_the_first_trained_layer(model: SentenceTransformer) -> None:
    features = dict(model.preprocess(["the law of robbery"]))
    (hidden,) = FrozenTrunk(model).outputs([features])
    with torch.no_grad():
        states = model[0].model(**{k: v for k, v in features.items() if k != "modality"}, output_hidden_states=True)
    torch.testing.assert_close(hidden, states.hidden_states[1][0])


def test_a_text_has_the_same_output_whatever_is_computed_beside_it(model: SentenceTransformer) -> None:
    texts = [
        dict(model.preprocess([f"the law of robbery, number {number} " * (1 + number % 7)])) for number in range(30)
    ]
    together = FrozenTrunk(model).outputs([*texts, texts[3]])
    alone = [FrozenTrunk(model).outputs([features])[0] for features in texts]
    assert all(torch.equal(a, b) for a, b in zip(together, [*alone, alone[3]], strict=True))
    assert not any(hidden.requires_grad for hidden in together)


def test_the_number_of_threads_does_not_change_an_output(model: SentenceTransformer) -> None:
    texts = [dict(model.preprocess(["the law of robbery and theft " * 12]))]
    before = torch.get_num_threads()
    outputs = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        outputs += FrozenTrunk(model).outputs(texts)
    torch.set_num_threads(before)
    assert torch.equal(*outputs)


def test_the_model_is_as_before_after_a_replay(model: SentenceTransformer) -> None:
    before = model.encode(["murder"])
    trunk = FrozenTrunk(model)
    features = dict(model.preprocess(["murder"]))
    with trunk.replay(trunk.outputs([features])[0][None]), torch.no_grad():
        replayed = model(dict(features))["sentence_embedding"]
    assert (model.encode(["murder"]) == before).all()
    torch.testing.assert_close(replayed[0], torch.from_numpy(before[0]))
    assert all("forward" not in vars(layer) for layer in find_layers(model))


def test_nothing_frozen_means_no_trunk(tiny_model: Path) -> None:
    model = SentenceTransformer(str(tiny_model), device="cpu")
    assert first_trained_layer(model[0].model) == 0
    with pytest.raises(ValueError, match="no trunk"):
        FrozenTrunk(model)


def test_from_disk_it_is_the_same_bytes_and_nothing_is_computed(
    model: SentenceTransformer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = dict(model.preprocess(["a tax on land"]))
    (first,) = FrozenTrunk(model, TensorStore(tmp_path, {"a": 1}, 10)).outputs([features])
    second = FrozenTrunk(model, TensorStore(tmp_path, {"a": 1}, 10))
    monkeypatch.setattr(FrozenTrunk, "_run", lambda *a: pytest.fail("computed again"))
    assert torch.equal(second.outputs([features])[0], first)


def test_another_scope_or_length_is_another_entry(model: SentenceTransformer, tmp_path: Path) -> None:
    store = TensorStore(tmp_path, {"revision": "a"}, 10)
    store.put(b"tokens", torch.ones(2, 3))
    assert TensorStore(tmp_path, {"revision": "b"}, 10).get(b"tokens") is None
    assert store.get(b"token") is None
    found = store.get(b"tokens")
    assert found is not None
    assert torch.equal(found, torch.ones(2, 3))


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_a_damaged_entry_is_computed_anew(tmp_path: Path, damage: str) -> None:
    store = TensorStore(tmp_path, {"a": 1}, 100)
    store.put(b"tokens", torch.arange(60000.0).reshape(100, 600))
    (file,) = tmp_path.rglob("*.val")
    data = bytearray(file.read_bytes())
    if damage == "flip":
        data[-9] ^= 1
        file.write_bytes(data)
    elif damage == "truncate":
        file.write_bytes(data[:1000])
    else:
        file.unlink()
    assert store.get(b"tokens") is None


def test_the_store_stays_below_its_cap(tmp_path: Path) -> None:
    store = TensorStore(tmp_path, {"a": 1}, 2)
    for i in range(20):
        store.put(str(i).encode(), torch.ones(256, 384))  # 0.4 MB each
    assert sum(f.stat().st_size for f in tmp_path.rglob("*.val")) < 2.5 * 2**20
    assert store.get(b"19") is not None


def test_scope_names_weights_depth_dtype_and_arithmetic(make_params: Make, tiny_model: Path) -> None:
    params = make_params(f"model.path={tiny_model}")
    scope = trunk_scope(params.model, params.hardware, params.runtime, 1, "torch.float32")
    others = [
        trunk_scope(params.model, params.hardware, params.runtime, 2, "torch.float32"),
        trunk_scope(params.model, params.hardware, params.runtime, 1, "torch.bfloat16"),
        trunk_scope(make_params().model, params.hardware, params.runtime, 1, "torch.float32"),
        trunk_scope(params.model, make_params("hardware.attention=eager").hardware, params.runtime, 1, "torch.float32"),
    ]
    assert all(other != scope for other in others)
    hub = make_params("model=qwen3-embedding-0.6b").model
    assert weights_identity(hub) == f"{hub.hub_id}@{hub.revision}"


def test_memory_is_bounded_and_what_was_dropped_comes_back(
    model: SentenceTransformer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [dict(model.preprocess([f"the law of number {i}" * 200])) for i in range(40)]
    trunk = FrozenTrunk(model, TensorStore(tmp_path, {"a": 1}, 100), megabytes=1)
    first = [hidden.clone() for hidden in trunk.outputs(texts)]  # 64 KB each
    assert sum(hidden.nbytes for hidden in trunk._known.values()) <= 2**20 < sum(hidden.nbytes for hidden in first)
    monkeypatch.setattr(FrozenTrunk, "_run", lambda *a: pytest.fail("computed again"))
    assert all(torch.equal(a, b) for a, b in zip(trunk.outputs(texts), first, strict=True))


@pytest.mark.parametrize("further", [[], ["hardware.gradient_checkpointing=true"]])
@pytest.mark.parametrize("adapter", ["top2", "lora"])
@pytest.mark.parametrize("loss", ["corpus_softmax", "masked_mnrl"])
def test_training_with_it_gives_the_weights_of_training_without(  # noqa: PLR0917
    tiny_model: Path, make_params: Make, tmp_path: Path, adapter: str, loss: str, further: list[str]
) -> None:
    data: TrainingData = build()
    common = [
        f"model.path={tiny_model}",
        f"adapter={adapter}",
        "adapter.top_layers=1",
        f"loss={loss}",
        *(["batches=full"] if loss == "corpus_softmax" else ["batches.size=2"]),
        "train.epochs=6",
        "train.learning_rate=0.001",
        "train.dropout=0.1",  # of the layers that train: frozen ones are the same function in every step
    ]
    models = []
    for cached in ("true", "false"):
        switch = [f"hardware.trunk_cache={cached}", *(further if cached == "true" else [])]
        trained = fine_tune(make_params(*common, *switch), data, tmp_path / cached)
        models.append(trained.model.state_dict())
    base = SentenceTransformer(str(tiny_model), device="cpu").state_dict()
    moved = max(float((models[0][name] - base[name]).abs().max()) for name in base)
    apart = max(float((models[0][name] - models[1][name]).abs().max()) for name in base)
    assert moved > 1e-3
    assert apart < 2e-5
