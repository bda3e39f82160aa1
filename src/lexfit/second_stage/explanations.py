"""Why a statute may apply, by a language model: quotations that are word for word by the way they are decoded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lexfit.errors import LexfitError
from lexfit.second_stage.spans import Spans
from lexfit.training.causal import load_causal, prompt_tokens

if TYPE_CHECKING:
    from lexfit.config import RuntimeParams
    from lexfit.config_second_stage import ExplainerParams

QUOTED = re.compile(r"[\"“”]([^\"“”]+)[\"“”]")
CITED = re.compile(r"(?:\b(?:sections?|articles?|ss?\.|arts?\.)|§+)\s*(\d+[A-Z]*)", re.IGNORECASE)
NOTICE = "Written by a machine ({model}). It isn't legal advice, and what isn't in quotation marks may be wrong."


def unsupported(reason: str, facts: str, statute: str) -> str | None:
    """What a reason quotes or cites that stands neither in the facts nor in the statute; None if nothing is."""
    plain = [" ".join(text.split()) for text in (facts, statute)]
    for quoted in QUOTED.findall(reason):
        if not any(" ".join(quoted.split()) in text for text in plain):
            return f"it quotes “{quoted}”, which stands in neither text"
    for number in CITED.findall(reason):
        if not any(re.search(rf"\b{re.escape(number)}\b", text) for text in plain):
            return f"it cites {number}, which stands in neither text"
    return None


def first_sentence(text: str) -> str:
    """A text up to its first full stop that ends a sentence; nothing of one that has none, for it was cut off."""
    found = re.match(r"\s*(.+?[.!?])(?=\s|$)", text, re.DOTALL)
    return " ".join(found[1].split()) if found else ""


@dataclass(frozen=True)
class Explanation:
    """Why one statute may apply: words of the facts, words of the statute, and a reason unless it was `dropped`."""

    statute: str
    title: str
    facts_say: str
    statute_says: str
    reason: str
    dropped: str | None
    model: str

    def check(self, facts: str, statute: str) -> None:
        """Raise `LexfitError` unless both quotations stand in their texts, character by character."""
        for quoted, text, where in ((self.facts_say, facts, "facts"), (self.statute_says, statute, "statute")):
            if not quoted.strip() or quoted not in text:
                raise LexfitError(f"explanation of {self.statute}", f"“{quoted}” isn't in the {where}", "Report this")

    def lines(self) -> list[str]:
        """As it is shown."""
        last = f"It may apply because {self.reason}" if self.reason else f"(reason left out: {self.dropped})"
        said = [f"The facts say: “{self.facts_say}”", f"The statute says: “{self.statute_says}”", last]
        return [f"{self.statute}  {self.title}".rstrip(), *said]


class Explainer:
    """A language model that explains; decoding is greedy, so the same texts give the same explanation.

    Args:
        params: Model, prompt, limits.
        runtime: The device.

    Raises:
        LexfitError: The model can't be had.
    """

    def __init__(self, params: ExplainerParams, runtime: RuntimeParams) -> None:
        self._params = params
        self._model, self._tokenizer = load_causal(params.model, runtime, "explainer.model")

    def _cut(self, text: str, tokens: int) -> str:
        offsets = self._tokens(text)["offset_mapping"][:tokens]
        return text[: offsets[-1][1]] if offsets else ""

    def _tokens(self, text: str) -> Any:
        return self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)

    def _written(self, before: str, asked: list[int], **options: Any) -> list[int]:
        import torch  # noqa: PLC0415

        ids = torch.tensor([asked + self._tokens(before)["input_ids"]], device=self._model.device)
        with torch.no_grad():
            found = self._model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                num_beams=1,
                pad_token_id=self._tokenizer.pad_token_id,
                eos_token_id=self._tokenizer.eos_token_id,
                **options,
            )
        written: list[int] = found[0, ids.shape[1] :].tolist()
        return written

    def _quotation(self, before: str, asked: list[int], text: str) -> str:
        found, own = self._tokens(text), self._params
        limits = {"least": own.least_words, "most": own.most_words}
        spans = Spans(text, found["input_ids"], found["offset_mapping"], self._tokenizer.eos_token_id, **limits)
        width = len(asked) + len(self._tokens(before)["input_ids"])
        longest = len(found["input_ids"]) + 1
        allowed = {"prefix_allowed_tokens_fn": lambda _, ids: spans.allowed(ids[width:].tolist())}
        return spans.quotation(self._written(before, asked, max_new_tokens=longest, **allowed))

    def explain(self, facts: str, statute: str, text: str, title: str = "") -> Explanation:
        """Why a statute may apply.

        Args:
            facts: Of the case.
            statute: The statute's id.
            text: The statute's text.
            title: The statute's title.

        Raises:
            LexfitError: A text is blank.
        """
        own = self._params
        for name, value in (("the facts", facts), (f"the text of {statute}", text)):
            if not value.strip():
                raise LexfitError(name, "is blank", "Give a text with words")
        read, law = self._cut(facts, own.facts_tokens), self._cut(text, own.statute_tokens)
        asked = prompt_tokens(self._tokenizer, own.prompt.replace("{facts}", read).replace("{statute}", law))
        before = 'The facts say: "'
        facts_say = self._quotation(before, asked, read)
        before += f'{facts_say}". The provision says: "'
        statute_says = self._quotation(before, asked, law)
        before += f'{statute_says}". The provision may apply because'
        written = self._written(before, asked, max_new_tokens=own.max_new_tokens)
        reason = first_sentence(self._tokenizer.decode(written, skip_special_tokens=True))
        dropped = unsupported(reason, read, law) if reason else "it didn't come to its end"
        found = Explanation(
            statute, title, facts_say, statute_says, "" if dropped else reason, dropped, own.model.hub_id
        )
        found.check(facts, text)
        return found
