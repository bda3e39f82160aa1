"""Texts that a causal language model writes, sampled by a seed and cached prompt by prompt."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from lexfit.cache import cache_folder, digest
from lexfit.errors import LexfitError
from lexfit.io import read_json, write_json
from lexfit.model_files import gguf_parts, model_folder
from lexfit.training.base_models import check_device
from lexfit.training.gguf import plain_folder
from lexfit.training.trunk_scope import weights_identity

if TYPE_CHECKING:
    from lexfit.config import GeneratorParams, RuntimeParams


class Generator:
    """A language model that answers a prompt several times; nothing is loaded while all answers are in the cache.

    Args:
        params: The model, and how it samples.
        runtime: The device.
        seed: Of the sampling. Every prompt draws from its own stream, so one prompt more changes no other's answers.
    """

    def __init__(self, params: GeneratorParams, runtime: RuntimeParams, seed: int) -> None:
        self._params = params
        self._device = check_device(runtime)
        self._loaded: tuple[Any, Any] | None = None
        self._scope = {
            "weights": weights_identity(params.model),
            "sampling": [params.temperature, params.top_p, params.max_new_tokens],
            "device": self._device,
            "libraries": [version("torch"), version("transformers")],
            "seed": seed,
        }

    def answers(self, prompt: str, count: int) -> list[str]:
        """`count` answers to a prompt.

        Raises:
            LexfitError: The model can't be had, or has no head for generating.
        """
        key = digest([self._scope, prompt, count])
        kept = cache_folder("synthetic") / key[:2] / f"{key}.json"
        if kept.exists():
            found: list[str] = read_json(kept)
            return found
        texts = self._sample(prompt, count, int(key[:12], 16))
        write_json(kept, texts)
        return texts

    def _sample(self, prompt: str, count: int, stream: int) -> list[str]:
        import torch  # noqa: PLC0415

        if self._loaded is None:
            self._loaded = self._load()
        model, tokenizer = self._loaded
        if tokenizer.chat_template:
            messages = [{"role": "user", "content": prompt}]
            inputs = tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
        else:
            inputs = tokenizer(prompt, return_tensors="pt")
        inputs = inputs.to(self._device)
        torch.manual_seed(stream)
        with torch.no_grad():
            output = model.generate(
                **inputs,
                do_sample=True,
                temperature=self._params.temperature,
                top_p=self._params.top_p,
                max_new_tokens=self._params.max_new_tokens,
                num_return_sequences=count,
                pad_token_id=tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id,
            )
        return [
            str(text).strip()
            for text in tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        ]

    def _load(self) -> tuple[Any, Any]:
        import torch  # noqa: PLC0415
        from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

        model = self._params.model
        parts = gguf_parts(model)
        folder = plain_folder(parts) if parts else model_folder(model)
        address = str(folder) if folder is not None else model.hub_id
        revision = {} if folder is not None else {"revision": model.revision}
        dtype = torch.float32 if self._device == "cpu" else getattr(torch, model.dtype)
        try:
            loaded, report = AutoModelForCausalLM.from_pretrained(
                address, dtype=dtype, use_safetensors=True, output_loading_info=True, **revision
            )
            tokenizer = AutoTokenizer.from_pretrained(address, **revision)
        except (OSError, ValueError) as error:
            raise LexfitError(
                "params.yaml: generator.model",
                f"{address} can't be loaded as a language model: {str(error).splitlines()[0].rstrip('.')}",
                "Choose another generator, or set generator.model.path to a folder that holds one",
            ) from error
        missing = sorted(report["missing_keys"])
        if missing and (missing != ["lm_head.weight"] or not loaded.config.tie_word_embeddings):
            raise LexfitError(
                "params.yaml: generator.model",
                f"{address} lacks weights for writing text, {missing[0]} among them",
                "Choose a causal language model with its head",
            )
        return loaded.to(self._device).eval(), tokenizer
