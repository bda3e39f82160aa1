"""A language model that names the statutes for given facts, its decoding held to names that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.second_stage.grammar import NameLists
from lexfit.training.adapters import with_lora
from lexfit.training.causal import load_causal, prompt_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lexfit.config import HardwareParams, RuntimeParams
    from lexfit.config_second_stage import ListwiseParams
    from lexfit.evaluation.runs import Run

KEY = "second_stage.listwise"


class Lister:
    """A model under adapters and its tokenizer; loaded with the adapters of `folder`, or with fresh ones.

    Args:
        params: Model, adapters, prompt.
        hardware: Quantisation, attention kernel.
        runtime: The device.
        folder: Saved adapters.

    Raises:
        LexfitError: The model can't be had.
    """

    def __init__(
        self, params: ListwiseParams, hardware: HardwareParams, runtime: RuntimeParams, folder: Path | None = None
    ) -> None:
        from peft import PeftModel  # noqa: PLC0415

        base, self.tokenizer = load_causal(params.model, runtime, f"{KEY}.model", hardware)
        self.params = params
        self.model: Any = (
            with_lora(base, params.adapter, f"{KEY}.adapter")
            if folder is None
            else PeftModel.from_pretrained(base, str(folder), is_trainable=True)
        )
        self.model.eval()

    def save(self, folder: Path) -> None:
        """Write the adapters (safetensors), their config (the base by its place on the Hub) and the tokenizer.

        Module names are sorted, since PEFT holds them as a set, whose order changes from run to run.
        """
        own = self.model.peft_config["default"]
        own.target_modules = sorted(own.target_modules)
        own.base_model_name_or_path, own.revision = self.params.model.hub_id, self.params.model.revision
        self.model.save_pretrained(str(folder), safe_serialization=True)
        (folder / "README.md").unlink(missing_ok=True)
        self.tokenizer.save_pretrained(str(folder))

    @property
    def separator(self) -> int:
        """The token of a line break."""
        return int(self.tokenizer("\n", add_special_tokens=False)["input_ids"][-1])

    @property
    def end(self) -> int:
        """The token that ends an answer."""
        return int(self.tokenizer.eos_token_id)

    def prompt(self, facts: str) -> list[int]:
        """Tokens of the question about some facts, cut to the length that is read."""
        found = self.tokenizer(facts, add_special_tokens=False, return_offsets_mapping=True)
        offsets = found["offset_mapping"][: self.params.facts_tokens]
        cut = facts[: offsets[-1][1]] if offsets else facts
        text = self.params.prompt.replace("{count}", str(self.params.count)).replace("{facts}", cut)
        return prompt_tokens(self.tokenizer, text)

    def tokens(self, names: Sequence[str]) -> list[list[int]]:
        """Tokens of each name."""
        return [self.tokenizer(name, add_special_tokens=False)["input_ids"] for name in names]

    def answer(self, names: Sequence[str]) -> list[int]:
        """Tokens of a list of names, to its end."""
        parts = [[*tokens, self.separator] for tokens in self.tokens(names)]
        return [*[token for part in parts for token in part][:-1], self.end]


def name_statutes(model: Lister, queries: Mapping[str, str], names: Mapping[str, str], batch_size: int) -> Run:
    """Documents in the order in which the model names them, greedily.

    Args:
        model: Names statutes.
        queries: Text by query id.
        names: Name by document id; documents of the same name are named together.
        batch_size: Queries decoded at once.

    Returns:
        For each query, its named documents with a score of 1 for the last and one more for each before it.

    Raises:
        LexfitError: Two names are the same to the tokenizer.
    """
    import torch  # noqa: PLC0415

    documents: dict[str, list[str]] = {}
    for doc_id, name in names.items():
        documents.setdefault(name, []).append(doc_id)
    known = list(documents)
    try:
        lists = NameLists(
            dict(zip(known, model.tokens(known), strict=True)), model.separator, model.end, model.params.count
        )
    except ValueError as error:
        raise LexfitError(
            f"params.yaml: {KEY}.model", f"its tokenizer can't tell statutes' names apart: {error}", "Use another model"
        ) from error
    longest = max(len(tokens) for tokens in model.tokens(known))
    run: Run = {}
    wanted = sorted(queries)
    for start in range(0, len(wanted), batch_size):
        batch = wanted[start : start + batch_size]
        padded = model.tokenizer.pad({"input_ids": [model.prompt(queries[q]) for q in batch]}, return_tensors="pt")
        padded = {name: tensor.to(model.model.device) for name, tensor in padded.items()}
        width = padded["input_ids"].shape[1]

        def allowed(_: int, ids: torch.Tensor, width: int = width) -> list[int]:
            written = ids[width:].tolist()
            return [model.end] if model.end in written else lists.allowed(written)  # padding follows the end

        with torch.no_grad():
            written = model.model.generate(
                **padded,
                do_sample=False,
                num_beams=1,
                max_new_tokens=model.params.count * (longest + 1),
                prefix_allowed_tokens_fn=allowed,
                pad_token_id=model.tokenizer.pad_token_id,
                eos_token_id=model.end,
            )
        for query_id, ids in zip(batch, written[:, width:].tolist(), strict=True):
            named = lists.read(ids[: ids.index(model.end) + 1]).names
            run[query_id] = {d: float(len(named) - place) for place, name in enumerate(named) for d in documents[name]}
    return {query_id: run[query_id] for query_id in queries}
