"""GGUF files: the weights and tokens are those of the file, made plain once; what can't be read right is an error."""

from __future__ import annotations

from collections.abc import Callable
from importlib import util
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer, LlamaConfig, LlamaModel

from lexfit.cache import cache_folder
from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.model_files import gguf_parts
from lexfit.training import gguf as module
from lexfit.training.base_models import load_base_model
from lexfit.training.gguf import plain_folder
from lexfit.training.trunk_scope import weights_identity
from tests.training.architectures import distance, tokenizer_of

Make = Callable[..., Params]
HEADS, NAMES = 2, {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj"}
NAMES |= {"attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj"}
NAMES |= {"ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}


def tiny_llama() -> LlamaModel:
    torch.manual_seed(0)
    size = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": 400}
    return LlamaModel(LlamaConfig(**size, num_attention_heads=HEADS, num_key_value_heads=HEADS)).eval()


def write_gguf(file: Path, model: LlamaModel, pre: str = "smollm") -> Path:
    """As llama.cpp writes a Llama: queries and keys with the halves of each head interleaved, everything float32."""
    tokenizer, config = tokenizer_of("llama"), model.config
    writer = gguf.GGUFWriter(str(file), "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    tokens = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)
    tokens += [f"<unused{i}>" for i in range(config.vocab_size - len(tokens))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in tokenizer.all_special_tokens else 1 for token in tokens])
    writer.add_token_merges([" ".join(merge) for merge in _merges(tokenizer)])
    for kind in ("bos", "eos", "unk", "pad"):
        getattr(writer, f"add_{kind}_token_id")(getattr(tokenizer, f"{kind}_token_id"))
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    writer.add_tensor("token_embd.weight", state["embed_tokens.weight"])
    writer.add_tensor("output_norm.weight", state["norm.weight"])
    for layer in range(config.num_hidden_layers):
        for short, long in NAMES.items():
            weight = state[f"layers.{layer}.{long}.weight"]
            if short in {"attn_q", "attn_k"}:
                halves = weight.reshape(HEADS, 2, len(weight) // HEADS // 2, -1)
                weight = np.ascontiguousarray(halves.swapaxes(1, 2).reshape(weight.shape))
            writer.add_tensor(f"blk.{layer}.{short}.weight", weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _merges(tokenizer: object) -> list[tuple[str, str]]:
    import json

    text = tokenizer.backend_tokenizer.to_str()  # type: ignore[attr-defined]
    return [tuple(merge) for merge in json.loads(text)["model"]["merges"]]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", tiny_llama())


def test_weights_are_the_file_s_and_nothing_says_quantised(file: Path) -> None:
    folder = plain_folder([file])
    found = AutoModel.from_pretrained(folder, dtype=torch.float32)
    expected = tiny_llama().state_dict()
    assert found.state_dict().keys() == expected.keys()
    assert all(torch.equal(found.state_dict()[name], tensor) for name, tensor in expected.items())
    text = (folder / "config.json").read_text()
    assert "quantization" not in text
    assert str(file.parent) not in text
    assert (folder / "model.safetensors").exists()


def test_tokens_are_those_of_the_original_tokenizer(file: Path) -> None:
    original = tokenizer_of("llama")
    found = AutoTokenizer.from_pretrained(plain_folder([file]))
    for text in ("the law of murder", "Query:facts about  robbery\n\n<|im_end|>", "naïve §"):
        assert found(text).input_ids == original(text).input_ids
        assert found.decode(found(text).input_ids) == text
    for kind in ("bos", "eos", "pad", "unk"):
        assert getattr(found, f"{kind}_token_id") == getattr(original, f"{kind}_token_id")


def test_it_is_made_once_and_whole(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path))
    convert = module.convert

    def killed(source: Path, folder: Path) -> None:
        convert(source, folder)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "convert", killed)
    with pytest.raises(KeyboardInterrupt):
        plain_folder([file])
    assert list((tmp_path / "gguf").iterdir()) == []
    monkeypatch.setattr(module, "convert", convert)
    folder = plain_folder([file])
    monkeypatch.setattr(module, "convert", lambda *a: pytest.fail("made again"))
    assert plain_folder([file]) == folder
    assert [path.name for path in (tmp_path / "gguf").iterdir()] == [folder.name]


def test_parts_make_the_same_folder_as_the_whole(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    data = file.read_bytes()
    cuts = [data[:50_000], data[50_000:70_000], data[70_000:]]
    parts = [tmp_path / f"tiny.gguf.part{i:02}" for i in range(3)]
    for part, cut in zip(parts, cuts, strict=True):
        part.write_bytes(cut)
    folder = plain_folder(parts)
    assert plain_folder([file]) == folder
    assert (folder / "model.safetensors").exists()
    assert not list(cache_folder("gguf").rglob("*.gguf"))
    with pytest.raises(LexfitError, match=r"part00: this GGUF file can't be read: .*with all of its parts"):
        plain_folder(parts[:2])


@pytest.mark.parametrize("damage", ["empty", "text", "header", "tensors"])
def test_a_damaged_file_is_an_error_and_leaves_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, damage: str
) -> None:
    monkeypatch.setenv("LEXFIT_CACHE", str(tmp_path / "cache"))
    data = {"empty": b"", "text": b"no model" * 9, "header": file.read_bytes()[:999], "tensors": file.read_bytes()[:-9]}
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(data[damage])
    with pytest.raises(LexfitError, match=r"broken\.gguf: this GGUF file can't be read: .*gguf_file=null"):
        plain_folder([broken])
    assert list((tmp_path / "cache/gguf").iterdir()) == []


def test_a_tokenizer_that_would_be_split_wrong_is_refused(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "other.gguf", tiny_llama(), pre="viking")
    with pytest.raises(LexfitError, match=r"isn't known here \(viking\)"):
        plain_folder([file])


def test_it_loads_by_params_in_full_and_in_four_bits(file: Path, make_params: Make) -> None:
    place = [f"model.path={file.parent}", "model.gguf_file=tiny.gguf", "hardware.quantization=nf4", "adapter=lora"]
    params = make_params("model=smollm2-135m", *place)
    whole = load_base_model(params.model, params.hardware, params.runtime)
    small = load_base_model(params.model, params.hardware, params.runtime, quantize=True)
    assert {"Linear4bit"} <= {type(m).__name__ for m in small.modules()}
    assert 0 < distance(small.encode(["the law of murder"]), whole.encode(["the law of murder"])) < 0.1
    assert whole.preprocess(["murder"])["input_ids"][0, -1] == whole.tokenizer.convert_tokens_to_ids("<|im_end|>")


def test_two_files_in_one_folder_are_different_weights(file: Path, make_params: Make, tmp_path: Path) -> None:
    for name, extra in (("a", b""), ("b", b"\0")):
        (tmp_path / f"{name}.gguf").write_bytes(file.read_bytes() + extra)
    models = [make_params("model=smollm2-135m", f"model.path={tmp_path}", f"model.gguf_file={n}.gguf") for n in "ab"]
    assert weights_identity(models[0].model) != weights_identity(models[1].model)


@pytest.mark.parametrize(
    ("name", "script", "tokens"),
    [
        (
            "smollm2-135m",
            "fetch_smollm2.sh",
            {
                "Hello world": ["Hello", "Ġworld", "<|im_end|>"],
                "Section 302,\n  12.": ["Section", "Ġ", "3", "0", "2", ",", "ĊĠĠ", "1", "2", ".", "<|im_end|>"],
            },
        ),
        (
            "gemma-3-270m",
            "fetch_gemma3.sh",
            {
                "Hello world": ["<bos>", "Hello", "▁world", "<eos>"],
                "Section 302": ["<bos>", "Section", "▁", "3", "0", "2", "<eos>"],
            },
        ),
    ],
)
def test_a_packaged_model_s_tokens(make_params: Make, name: str, script: str, tokens: dict[str, list[str]]) -> None:
    params = make_params(f"model={name}", "hardware.threads=1")
    if util.find_spec(str(params.model.package)) is None:
        pytest.skip(f"the package {params.model.package} is absent: runs/{script}")
    torch.set_num_threads(1)
    assert gguf_parts(params.model)
    model = load_base_model(params.model, params.hardware, params.runtime)
    for text, expected in tokens.items():
        ids = model.preprocess([text])["input_ids"][0]
        assert model.tokenizer.convert_ids_to_tokens(ids) == expected
        assert model.tokenizer.decode(ids, skip_special_tokens=True) == text
    alone = np.concatenate([model.encode([text]) for text in tokens])
    assert distance(model.encode(list(tokens)), alone) < 1e-5
