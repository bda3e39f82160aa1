"""Causal language models: loading with their head, in full or quantised, and the form that prompts take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.model_checks import safe_loading
from lexfit.model_files import gguf_parts, model_folder
from lexfit.training.base_models import check_device, keep_differentiable, quantization
from lexfit.training.gguf import plain_folder

if TYPE_CHECKING:
    from lexfit.config import HardwareParams, ModelParams, RuntimeParams


def load_causal(
    model: ModelParams, runtime: RuntimeParams, key: str, hardware: HardwareParams | None = None
) -> tuple[Any, Any]:
    """A language model with its head, and its tokenizer, which pads on the left.

    Args:
        model: Which; its pooling and prompts aren't used.
        runtime: The device.
        key: The params key that names the model, for errors.
        hardware: Quantisation and attention kernel; without it the weights are whole.

    Raises:
        LexfitError: The model can't be had, or has no head for writing.
    """
    import torch  # noqa: PLC0415
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    device = check_device(runtime)
    parts = gguf_parts(model)
    folder = plain_folder(parts) if parts else model_folder(model)
    address = str(folder) if folder is not None else model.hub_id
    common: dict[str, Any] = {"trust_remote_code": model.trust_remote_code}
    if folder is None:
        common["revision"] = model.revision
    options: dict[str, Any] = {"dtype": torch.float32 if device == "cpu" else getattr(torch, model.dtype)}
    quantised = hardware is not None and hardware.quantization != "none"
    if hardware is not None and hardware.attention != "auto":
        options["attn_implementation"] = hardware.attention
    if hardware is not None and quantised:
        options |= {"quantization_config": quantization(hardware), "device_map": {"": device}}
    remedy = f"Choose another one, or set {key}.path to a folder that holds one"
    problem = f"{address} can't be loaded as a language model"
    with safe_loading(folder, f"params.yaml: {key}", problem, remedy, code=model.trust_remote_code, heads={"lm_head"}):
        loaded, report = AutoModelForCausalLM.from_pretrained(
            address, use_safetensors=True, output_loading_info=True, **options, **common
        )
        tokenizer = AutoTokenizer.from_pretrained(address, **common)
    missing = sorted(report["missing_keys"])
    if missing and (missing != ["lm_head.weight"] or not loaded.config.tie_word_embeddings):
        raise LexfitError(
            f"params.yaml: {key}",
            f"{address} lacks weights for writing text, {missing[0]} among them",
            "Choose a causal language model with its head",
        )
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:  # padding is masked, so any token serves
        tokenizer.pad_token = tokenizer.eos_token
    if quantised:
        keep_differentiable(loaded)
        return loaded.eval(), tokenizer
    return loaded.to(device).eval(), tokenizer


def prompt_tokens(tokenizer: Any, prompt: str) -> list[int]:
    """Tokens of a prompt, as a user's turn where the model knows turns."""
    found: list[int]
    if tokenizer.chat_template:
        messages = [{"role": "user", "content": prompt}]
        text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        found = tokenizer(text, add_special_tokens=False)["input_ids"]
    else:
        found = tokenizer(prompt)["input_ids"]
        if found and found[-1] == tokenizer.eos_token_id:  # some tokenizers of embedding models end every text
            found = found[:-1]
    return found
