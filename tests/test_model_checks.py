"""A model folder that could run code, or whose weights aren't whole, is refused by file and remedy."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save, save_file

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.gguf_header import check_header
from lexfit.model_checks import check_model_folder, whole_weights
from lexfit.training.base_models import load_base_model
from tests.fuzz import seeds
from tests.fuzz.watch import watched

Make = Callable[..., Params]
WEIGHTS, CONFIG = "model.safetensors", "config.json"


class Touch:
    """What unpickling would run."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        import os

        return os.system, ("touch ran",)


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A model of two layers, to tamper with."""
    shutil.copytree(tiny_model, tmp_path / "tampered")
    return tmp_path / "tampered"


def load(make_params: Make, folder: Path, *overrides: str) -> Any:
    """The model, loaded as every stage loads a base model."""
    params = make_params(f"model.path={folder}", *overrides)
    with watched(folder.parent) as deeds:
        try:
            return load_base_model(params.model, params.hardware, params.runtime)
        finally:
            assert not [deed for deed in deeds if deed[0] in {"os.system", "subprocess.Popen", "pickle.find_class"}]


def refused(make_params: Make, folder: Path, match: str, *overrides: str) -> None:
    with pytest.raises(LexfitError, match=match) as caught:
        load(make_params, folder, *overrides)
    assert caught.value.remedy


def edit(file: Path, **values: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def rename(folder: Path, change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]) -> None:
    save_file(change(load_file(folder / WEIGHTS)), folder / WEIGHTS)


def test_a_whole_folder_is_loaded_and_may_lack_its_pooler(make_params: Make, folder: Path) -> None:
    vector = load(make_params, folder).encode("facts")
    rename(folder, lambda tensors: {name: t for name, t in tensors.items() if "pooler" not in name})
    np.testing.assert_array_equal(load(make_params, folder).encode("facts"), vector)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.ckpt", "extra.pkl", "1_Pooling/state.bin"])
def test_pickles_are_refused_beside_safetensors_and_in_their_place(make_params: Make, folder: Path, name: str) -> None:
    (folder / name).write_bytes(pickle.dumps(Touch()))
    refused(make_params, folder, rf"{name}: holds pickled objects.*Delete it", "model.trust_remote_code=true")
    (folder / WEIGHTS).unlink()
    refused(make_params, folder, rf"{name}: holds pickled objects")


def test_custom_code_is_refused_unless_it_is_trusted(make_params: Make, folder: Path) -> None:
    config, modules = (folder / CONFIG).read_text(), (folder / "modules.json").read_text()
    edit(folder / CONFIG, auto_map={"AutoModel": "modeling.Mine"})
    refused(make_params, folder, r"config\.json: asks for custom code.*trust_remote_code=true")
    (folder / CONFIG).write_text(config)
    (folder / "modules.json").write_text(modules.replace("sentence_transformers.", "mine.", 1))
    refused(make_params, folder, r"modules\.json: has modules of custom code: mine\..*trust_remote_code=true")
    (folder / "modules.json").write_text(modules)
    (folder / "modeling.py").write_text("import os; os.system('touch ran')")
    refused(make_params, folder, r"modeling\.py: is code")
    check_model_folder(folder, code=True)


def _overlapping() -> bytes:
    span = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    header = json.dumps({"a": span, "b": {**span, "data_offsets": [8, 24]}}).encode()
    return struct.pack("<Q", len(header)) + header + b"\0" * 24


def _wrong_span() -> bytes:
    header = json.dumps({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 16]}}).encode()
    return struct.pack("<Q", len(header)) + header + b"\0" * 16


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no weights" * 9,
        struct.pack("<Q", 2**40) + b"{}",
        pickle.dumps(Touch()),
        _overlapping(),
        _wrong_span(),
        save({"a": np.ones(4, np.float32)})[:-4],
        save({"a": np.ones(4, np.float32)})[:20],
    ],
    ids=["empty", "text", "long header", "pickle", "overlapping", "wrong span", "cut", "cut header"],
)
def test_damaged_weights_are_named(make_params: Make, folder: Path, data: bytes) -> None:
    (folder / WEIGHTS).write_bytes(data)
    refused(make_params, folder, r"model\.safetensors: isn't a safetensors file.*Fetch the model anew")


def test_a_missing_layer_is_not_made_up(make_params: Make, folder: Path) -> None:
    rename(folder, lambda tensors: {name: t for name, t in tensors.items() if ".layer.1." not in name})
    refused(make_params, folder, r"tampered\): lacks 16 weights, encoder\.layer\.1\.\S+ among them.*Fetch")
    rename(folder, lambda tensors: {f"x.{name}": t for name, t in tensors.items()})
    refused(make_params, folder, r"tampered\): lacks \d+ weights, embeddings")


def test_a_surplus_layer_is_not_left_out(make_params: Make, folder: Path) -> None:
    edit(folder / CONFIG, num_hidden_layers=1)
    refused(make_params, folder, r"tampered\): has 16 weights in its layers that the architecture doesn't")


def test_other_shapes_than_the_configuration_are_named(make_params: Make, folder: Path) -> None:
    edit(folder / CONFIG, intermediate_size=48)
    refused(make_params, folder, r"tampered\): its weight encoder\.\S+ has shape \[64.* asks for \[48")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("vocab_size", 10**12),
        ("hidden_size", 10**9),
        ("num_hidden_layers", 10**9),
        ("max_position_embeddings", 10**12),
        ("hidden_size", 0),
    ],
)
def test_sizes_that_no_weight_has_are_refused_before_anything_is_made(
    make_params: Make, folder: Path, key: str, value: int
) -> None:
    edit(folder / CONFIG, **{key: value})
    refused(make_params, folder, rf"config\.json: {key}: is {value}, and the weights allow")


def test_weights_of_another_type_are_refused(make_params: Make, folder: Path) -> None:
    rename(folder, lambda tensors: {name: t.astype(np.int32) for name, t in tensors.items()})
    refused(make_params, folder, r"config\.json: \S+ of the weights is of type I32, no floating point number")


@pytest.mark.parametrize("target", ["../other.safetensors", "/etc/passwd", "absent.safetensors", 5])
def test_an_index_names_files_beside_it_only(make_params: Make, folder: Path, target: object) -> None:
    (folder.parent / "other.safetensors").write_bytes((folder / WEIGHTS).read_bytes())
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"weight_map": {"a": target}}))
    refused(make_params, folder, r"model\.safetensors\.index\.json: (names|holds)")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (CONFIG, "{"),
        (CONFIG, "[1]"),
        (CONFIG, '{"model_type": "no such"}'),
        (CONFIG, '{"model_type": "bert", "num_attention_heads": 0, "hidden_size": 32, "vocab_size": 1000}'),
        ("modules.json", "{}"),
        ("modules.json", '[{"path": ""}]'),
        ("modules.json", '[{"type": "sentence_transformers.No", "path": "", "idx": 0, "name": "0"}]'),
        ("tokenizer.json", '{"version": 1'),
        ("tokenizer.json", "{}"),
        ("1_Pooling/config.json", "[1]"),
    ],
)
def test_configurations_that_fit_nothing_are_errors(make_params: Make, folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    refused(make_params, folder, rf"tampered|{name}")


def test_a_scoring_head_may_be_fresh_but_no_layer(make_params: Make, folder: Path) -> None:
    from lexfit.second_stage.reranker import load_reranker

    params = make_params("second_stage=reranker", f"second_stage.rerankers.reranker.model.path={folder}")
    own = params.second_stage.rerankers["reranker"]
    load_reranker(own, params.hardware, params.runtime)
    rename(folder, lambda tensors: {name: t for name, t in tensors.items() if ".layer.1." not in name})
    with pytest.raises(LexfitError, match=r"second_stage\.rerankers .*lacks 16 weights"):
        load_reranker(own, params.hardware, params.runtime)


def test_transformers_loads_as_before_outside_of_the_block(folder: Path) -> None:
    from transformers import AutoModel

    rename(folder, lambda tensors: {name: t for name, t in tensors.items() if ".layer.1." not in name})
    with whole_weights(), pytest.raises(LexfitError, match="lacks 16 weights"):
        AutoModel.from_pretrained(folder)
    assert AutoModel.from_pretrained(folder).config.num_hidden_layers == 2


@pytest.mark.parametrize(
    ("at", "value", "problem"),
    [
        (0, b"GGML", "doesn't begin with GGUF"),
        (8, struct.pack("<Q", 2**60), "tensors and"),
        (16, struct.pack("<Q", 2**60), "keys"),
        (24, struct.pack("<Q", 2**60), "claims"),
    ],
)
def test_a_gguf_header_that_claims_too_much_is_refused_at_once(
    tmp_path: Path, at: int, value: bytes, problem: str
) -> None:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(seeds.gguf())
    check_header(file, str(file))
    data = bytearray(seeds.gguf())
    data[at : at + len(value)] = value
    file.write_bytes(data)
    with pytest.raises(LexfitError, match=rf"tiny\.gguf: this GGUF file can't be read: .*{problem}"):
        check_header(file, str(file))


@pytest.mark.parametrize("kind", [4, 8, 9])
def test_an_endless_list_in_a_gguf_file_is_refused_at_once(tmp_path: Path, kind: int) -> None:
    """The `gguf` package would read it for ever."""
    key = b"tokenizer.ggml.scores"
    start = seeds.gguf().index(key) + len(key) + 4
    data = bytearray(seeds.gguf())
    data[start : start + 12] = struct.pack("<IQ", kind, 2**60)
    file = tmp_path / "endless.gguf"
    file.write_bytes(data)
    with pytest.raises(LexfitError, match=r"endless\.gguf: this GGUF file can't be read"):
        check_header(file, str(file))
