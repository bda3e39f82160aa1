"""Every base model of conf/model loads, trains, saves, merges and reloads right, on small models of its architecture.

They are loaded by `load_base_model` with the real file; only path, package and length are overridden.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from lexfit.config import Params
from lexfit.training.adapters import merge_adapter, save_adapter
from lexfit.training.base_models import load_base_model, prepare_torch
from lexfit.training.saving import save_model
from lexfit.training.trainer import prepare_loss, train
from tests.conftest import REPO
from tests.training.architectures import ARCHITECTURES, CORPUS, PROMPT, build
from tests.training.test_trainer import WORDS, make_data

Make = Callable[..., Params]
TEXTS = [" ".join(WORDS[: i + 1]) for i in range(8)] + ["murder", *CORPUS[1:3]]
ONE_EACH = {architecture: name for name, (architecture, _) in ARCHITECTURES.items()}

# float32 on unit-length scale: sums in another order.
ROUNDING = 2e-6
# Share of a parameter's change through training by which trunk on and off may differ: sums in another order,
# enlarged by Adam where a gradient is close to zero.
DRIFT = 1e-3


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: build(name, tmp_path_factory.mktemp(name)) for name in ARCHITECTURES}


@pytest.fixture
def make(
    folders: dict[str, Path], make_params: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Params]:
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)  # two threads wait for each other on models this small

    def chosen(name: str, *overrides: str) -> Params:
        place = [f"model.path={folders[name]}", "model.package=null", "model.gguf_file=null"]
        length = ["model.max_seq_length=64", "train.max_seq_length=64"]
        training = ["hardware.threads=1", "batches.size=4", "train.epochs=5", "train.learning_rate=0.005", "adapter.target_modules=[all-linear]"]
        return make_params(f"model={name}", *place, *length, *training, *overrides)

    return chosen


def load(params: Params) -> SentenceTransformer:
    return load_base_model(params.model, params.hardware, params.runtime)


def trained(params: Params, folder: Path) -> tuple[SentenceTransformer, list[float]]:
    """The model as training leaves it, and the loss of each step."""
    prepare_torch(params.hardware, params.seed)
    loss = prepare_loss(params, make_data())
    curve = train(params, make_data(), loss, folder / "live", folder / "checkpoints")
    return loss.model.eval(), [point["loss"] for point in curve]


def falls(losses: list[float]) -> bool:
    return sum(losses[-2:]) < 0.9 * sum(losses[:2])


def drift(one: SentenceTransformer, other: SentenceTransformer, base: SentenceTransformer) -> float:
    """Difference of two trainings' weights as a share of what training changed, over all weights."""
    before = {name.replace("base_model.model.", ""): p for name, p in base.named_parameters()}
    apart = moved = 0.0
    for (name, a), (_, b) in zip(one.named_parameters(), other.named_parameters(), strict=True):
        if a.requires_grad and not name.endswith("key.bias"):  # softmax cancels it: its gradient is rounding alone
            origin = before.get(name, torch.zeros(()))
            apart += float((a - b).detach().double().square().sum())
            moved += float((a - origin).detach().double().square().sum())
    return (apart / moved) ** 0.5


def test_every_model_file_is_tested_here() -> None:
    assert {file.stem for file in (REPO / "conf/model").glob("*.yaml")} == set(ARCHITECTURES)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_model_file_is_complete_and_pinned(make_params: Make, name: str) -> None:
    model = make_params(f"model={name}").model
    assert model.name == name
    assert len(model.revision) == 40
    assert set(model.revision) <= set("0123456789abcdef")
    assert not model.trust_remote_code
    assert (REPO / f"conf/model/{name}.yaml").read_text().startswith("# ")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_the_file_says_survives_saving_and_reloading(make: Callable[..., Params], tmp_path: Path, name: str) -> None:
    params = make(name, "model.max_seq_length=12")
    model = load(params)
    save_model(model, tmp_path / "saved")
    reloaded = SentenceTransformer(str(tmp_path / "saved"), device="cpu")
    for each in (model, reloaded):
        assert each.prompts == {"query": params.model.query_prompt, "document": params.model.document_prompt}
        assert each.max_seq_length == 12
        assert each.tokenizer.padding_side == params.model.padding_side
        assert each.similarity_fn_name == params.model.similarity
        assert each[1].pooling_mode == (params.model.pooling or ARCHITECTURES[name][1][0])
        np.testing.assert_array_equal(each.encode_query(["x"]), each.encode([params.model.query_prompt + "x"]))
    long = " ".join(WORDS * 3)
    for text in ("the law", long):
        assert model.preprocess([text])["input_ids"].tolist() == reloaded.preprocess([text])["input_ids"].tolist()
    assert model.preprocess([long])["input_ids"].shape == (1, 12)
    np.testing.assert_array_equal(reloaded.encode(TEXTS), model.encode(TEXTS))


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if "bert" not in name and "mini" not in name])
def test_a_text_is_tokenised_as_text_alone(make: Callable[..., Params], name: str) -> None:
    """No chat template; last-token pooling reads the end-of-sequence token, once, behind cut texts too."""
    model = load(make(name, "model.max_seq_length=12"))
    for text in ("the law of murder", " ".join(WORDS * 3)):
        ids = model.preprocess([text])["input_ids"][0].tolist()
        assert ids[-1] == model.tokenizer.eos_token_id
        assert ids.count(model.tokenizer.eos_token_id) == 1
        kept = model.tokenizer.decode(ids, skip_special_tokens=True).strip()
        assert kept
        assert text.startswith(kept)
        starts = model.tokenizer.bos_token_id if name in {"gemma-2b", "gemma-3-270m", "mistral-7b"} else None
        assert starts is None or ids[0] == starts


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_neither_padding_nor_batch_size_changes_a_vector(make: Callable[..., Params], name: str) -> None:
    model = load(make(name))
    alone = np.concatenate([model.encode([text]) for text in TEXTS])
    assert np.abs(alone[0] - alone[1]).max() > 1e-3
    # BERT counts positions from the padding on, so its padding is on the right, as its files say.
    for side in ["right"] if ARCHITECTURES[name][0] == "bert" else ["left", "right"]:
        model.tokenizer.padding_side = side
        for size in (2, 16):
            np.testing.assert_allclose(model.encode(TEXTS, batch_size=size), alone, rtol=0, atol=ROUNDING * scale(alone))


def scale(vectors: np.ndarray) -> float:
    return float(np.linalg.norm(vectors, axis=1).max())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_top_layer_trains_alike_with_and_without_the_trunk(
    make: Callable[..., Params], tmp_path: Path, name: str
) -> None:
    options = ["adapter=full", "adapter.top_layers=1"]
    cached, losses = trained(make(name, *options, "hardware.trunk_cache=true"), tmp_path / "on")
    whole, _ = trained(make(name, *options, "hardware.trunk_cache=false"), tmp_path / "off")
    assert falls(losses)
    assert drift(cached, whole, load(make(name))) < DRIFT


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_adapter_merged_and_reloaded_give_the_trained_vectors(
    make: Callable[..., Params], tmp_path: Path, name: str
) -> None:
    options = ["adapter=lora", "adapter.top_layers=1", "adapter.target_modules=[all-linear]"]
    params = make(name, *options, "hardware.trunk_cache=true")
    model, losses = trained(params, tmp_path / "on")
    whole, _ = trained(make(name, *options, "hardware.trunk_cache=false"), tmp_path / "off")
    assert falls(losses)
    assert drift(model, whole, load(params)) < DRIFT
    vectors = model.encode(TEXTS)
    assert np.abs(vectors - load(params).encode(TEXTS)).max() > 1e-2
    check_merge(params, model, vectors, tmp_path, ROUNDING)


def check_merge(
    params: Params, model: SentenceTransformer, vectors: np.ndarray, folder: Path, atol: float
) -> SentenceTransformer:
    """Adapter on a fresh base, merged and reloaded model give `vectors`, within `atol` times their length."""
    from peft import PeftModel

    atol *= scale(vectors)
    save_adapter(model, folder / "adapter")
    beside = load(params)
    beside[0].model = PeftModel.from_pretrained(beside[0].model, str(folder / "adapter"))
    np.testing.assert_allclose(beside.encode(TEXTS), vectors, rtol=0, atol=atol)
    merged = merge_adapter(load(params), folder / "adapter")
    np.testing.assert_allclose(merged.encode(TEXTS), vectors, rtol=0, atol=atol)
    save_model(merged, folder / "plain")
    reloaded = SentenceTransformer(str(folder / "plain"), device="cpu")
    np.testing.assert_array_equal(reloaded.encode(TEXTS), merged.encode(TEXTS))
    return merged
