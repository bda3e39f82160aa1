"""Texts that a causal language model writes, sampled by a seed and cached prompt by prompt."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from lexfit.cache import cache_folder, digest, kept
from lexfit.training.base_models import check_device
from lexfit.training.causal import load_causal, prompt_tokens
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
        self._runtime, self._device = runtime, check_device(runtime)
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
        file = cache_folder("synthetic") / key[:2] / f"{key}.json"
        found: list[str] = kept(file, lambda: self._sample(prompt, count, int(key[:12], 16)))
        return found

    def _sample(self, prompt: str, count: int, stream: int) -> list[str]:
        import torch  # noqa: PLC0415

        if self._loaded is None:
            self._loaded = load_causal(self._params.model, self._runtime, "generator.model")
        model, tokenizer = self._loaded
        ids = torch.tensor([prompt_tokens(tokenizer, prompt)], device=self._device)
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        torch.manual_seed(stream)
        with torch.no_grad():
            output = model.generate(
                **inputs,
                do_sample=True,
                temperature=self._params.temperature,
                top_p=self._params.top_p,
                max_new_tokens=self._params.max_new_tokens,
                num_return_sequences=count,
                pad_token_id=tokenizer.pad_token_id,
            )
        return [
            str(text).strip()
            for text in tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        ]
