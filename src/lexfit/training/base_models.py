"""Loading of a base model as a SentenceTransformer, with prompts, pooling, length and precision set."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.launch import own_device
from lexfit.model_checks import safe_loading
from lexfit.model_files import gguf_parts, model_folder
from lexfit.training.freed_memory import keep_freed_memory
from lexfit.training.gguf import plain_folder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn
    from transformers import PreTrainedTokenizerBase

    from lexfit.config import HardwareParams, ModelParams, RuntimeParams

# They count positions from a row's first token, padding included; others (MPNet, rotary ones) from the text's own.
ABSOLUTE_POSITIONS = {"bert", "distilbert", "electra", "albert"}


def prepare_torch(hardware: HardwareParams, seed: int) -> None:
    """Fix what makes the same inputs give the same bytes: threads, kernels, seeds.

    Sums change with the number of threads that share them, and some kernels add in any order; both are
    pinned. What remains is the machine class: another CPU's vector width, or a GPU, rounds differently.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    keep_freed_memory()
    import torch  # noqa: PLC0415
    from transformers import set_seed  # noqa: PLC0415

    torch.set_num_threads(hardware.threads)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    set_seed(seed)


def freeze_dropout(model: nn.Module, rate: float, first: int) -> None:
    """Set the dropout rate of the layers that train, those of attention kernels included, and 0 below them.

    A frozen layer is the same function in every step then, whether or not its outputs are cached.

    Args:
        model: Its modules' names tell the layers.
        rate: Of the layers from `first` on, and of what comes after them.
        first: The first layer that trains.
    """
    from torch import nn  # noqa: PLC0415

    from lexfit.training.layers import layer_of  # noqa: PLC0415

    above = first == 0
    for name, module in model.named_modules():
        layer = layer_of(f"{name}.")
        above = above or (layer is not None and layer >= first)
        trains = above if layer is None else layer >= first
        if isinstance(module, nn.Dropout):
            module.p = rate if trains else 0.0
        if isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = rate if trains else 0.0


def check_device(runtime: RuntimeParams) -> str:
    """The device's name, or an error if this machine has none of the kind."""
    import torch  # noqa: PLC0415

    device = own_device(runtime.device)
    kind, _, number = device.partition(":")
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(kind, False):
        raise LexfitError(
            "params.yaml: runtime.device",
            f"no {runtime.device} device here",
            "Use `-S hardware=cpu`, or run where there is one",
        )
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise LexfitError(
            "params.yaml: runtime",
            f"no {device} here; this machine has {torch.cuda.device_count()} GPUs",
            "Set runtime.processes to at most as many",
        )
    return device


def prepare_tokenizer(tokenizer: PreTrainedTokenizerBase, model: ModelParams) -> None:
    """Set the padding side, a padding token, and the end-of-sequence token that `pooling: lasttoken` reads."""
    tokenizer.padding_side = tokenizer.init_kwargs["padding_side"] = model.padding_side  # the latter is what is saved
    if tokenizer.pad_token is None:  # Mistral has none; padding is masked, so any token serves
        tokenizer.pad_token = tokenizer.eos_token
    if model.pooling == "lasttoken" and tokenizer.eos_token is not None:
        append_eos(tokenizer)


def check_padding_side(model_type: str, model: ModelParams) -> None:
    """Refuse left padding where it would shift the positions, and so the vector, of all but a batch's longest text."""
    if model.padding_side == "left" and model_type in ABSOLUTE_POSITIONS:
        raise LexfitError(
            "params.yaml: model.padding_side",
            f"is left, and a {model_type} model counts positions from a row's first token: a text's vector would "
            "depend on what else is in its batch",
            "Set it to right",
        )


def append_eos(tokenizer: PreTrainedTokenizerBase) -> None:
    """Put an end-of-sequence token behind each text, cut ones too, unless something is put there already.

    It goes into the tokenizer's own template and so into tokenizer.json. `tokenizer.add_eos_token` would rebuild
    that template from other flags, and lose the token that starts a text.
    """
    from tokenizers.processors import TemplateProcessing  # noqa: PLC0415

    whole, bare = tokenizer("a").input_ids, tokenizer("a", add_special_tokens=False).input_ids
    if whole[-len(bare) :] != bare:
        return
    added = [*tokenizer.convert_ids_to_tokens(whole[: -len(bare)]), tokenizer.eos_token]
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=[*added[:-1], "$A", added[-1]],
        special_tokens=[(token, tokenizer.convert_tokens_to_ids(token)) for token in set(added)],
    )


def keep_differentiable(model: nn.Module) -> None:
    """Let 4-bit layers on a CPU compute in evaluation as they do in training.

    Where a CPU has AVX512-BF16, bitsandbytes repacks a layer when it is first used in evaluation: it rounds to
    bfloat16 from then on, and no gradient passes through it when training goes on.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False  # type: ignore[assignment]


def quantization(hardware: HardwareParams) -> Any:
    """transformers' configuration of `hardware.quantization`, which isn't `none`."""
    import torch  # noqa: PLC0415
    from transformers import BitsAndBytesConfig  # noqa: PLC0415

    return BitsAndBytesConfig(
        load_in_4bit=hardware.quantization == "nf4",
        load_in_8bit=hardware.quantization == "int8",
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, hardware.dtype),
    )


def _model_kwargs(
    model: ModelParams, hardware: HardwareParams, *, quantize: bool, low_precision: bool
) -> dict[str, Any]:
    import torch  # noqa: PLC0415

    low = low_precision and hardware.dtype != "float32"
    dtype = getattr(torch, model.dtype) if low else torch.float32
    kwargs: dict[str, Any] = {"dtype": dtype, "use_safetensors": True}
    if hardware.attention != "auto":
        kwargs["attn_implementation"] = hardware.attention
    if quantize:
        kwargs["quantization_config"] = quantization(hardware)
    return kwargs


def load_base_model(
    model: ModelParams,
    hardware: HardwareParams,
    runtime: RuntimeParams,
    *,
    quantize: bool = False,
    low_precision: bool = False,
) -> SentenceTransformer:
    """Load a base model with everything that moves its scores set from params.

    Args:
        model: Which one; a plain transformer without sentence-transformers modules gets `model.pooling`.
        hardware: Attention kernel, quantisation, and whether precision is low at all.
        runtime: The device.
        quantize: Load the weights as `hardware.quantization` says (for QLoRA).
        low_precision: Keep weights in `model.dtype` rather than float32, unless `hardware.dtype` is float32.

    Raises:
        LexfitError: The model can't be had, has no safetensors, or the device is absent.
    """
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer  # noqa: PLC0415

    device = check_device(runtime)
    parts = gguf_parts(model)
    folder = plain_folder(parts) if parts else model_folder(model)
    address = str(folder) if folder is not None else model.hub_id
    revision = None if folder is not None else model.revision
    kwargs = _model_kwargs(model, hardware, quantize=quantize, low_precision=low_precision)
    common = {"revision": revision, "trust_remote_code": model.trust_remote_code}
    place = f"its folder {folder}" if folder else "the Hub"
    remedy = (
        "Use `-S model=all-minilm-l6-v2` (needs no network), or download it where there is one and set "
        "`-S model.path=FOLDER`"
    )
    where = f"{model.hub_id} at revision {model.revision} can't be loaded from {place}"
    with safe_loading(folder, "params.yaml: model", where, remedy, code=model.trust_remote_code):
        if model.pooling is None:
            loaded = SentenceTransformer(address, device=device, model_kwargs=kwargs, **common)
        else:
            transformer = Transformer(
                address,
                model_kwargs={**kwargs, **common},
                processor_kwargs=common,
                config_kwargs=common,
                # Text only: of an instruction-tuned model, texts would else be wrapped in its chat template.
                modality_config={"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
                module_output_name="token_embeddings",
            )
            pooling = Pooling(transformer.get_embedding_dimension(), pooling_mode=model.pooling)
            loaded = SentenceTransformer(modules=[transformer, pooling], device=device)
    check_padding_side(loaded[0].model.config.model_type, model)
    if quantize:
        keep_differentiable(loaded)
    loaded.max_seq_length = model.max_seq_length
    prepare_tokenizer(loaded.tokenizer, model)
    loaded.prompts = {"query": model.query_prompt, "document": model.document_prompt}
    loaded.similarity_fn_name = model.similarity
    return loaded
