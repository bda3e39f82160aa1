"""What "the Act", "the said Code" and the like stand for at a place of a judgment."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lexfit.corpus.citations.acts import Mention

QUOTED = re.compile(
    r"[\s,]*(?:\(|,)?\s*(?:(?:here(?:in)?after|for\s+(?:short|brevity|the sake of brevity|convenience)|in\s+short|"
    r"hereinbefore|briefly|to\s+be|is|will\s+be|shall\s+be|are)\s*)*[,\s]*(?:(?:referred\s+to|called|described|mentioned|known|termed)\s*(?:as)?[,\s]*)?"
    r"[,:\s]*(?P<open>[\"'\u201c\u2018`]{0,2})\s*(?:[tT]he\s+)?"
    r"(?P<form>[A-Z0-9][\w.&/' -]{0,40}?)\s*[\"'\u201d\u2019`]{0,2}\s*\)"
)
NAMED_FORM = re.compile(r"(?:[\w.&/' -]*\b(?:Act|Code|Ordinance|Constitution)|[A-Z.& ]{2,12})$")
LATER = re.compile(
    r"[\s,]*(?:\(|,)?[^()\n.;]{0,60}?(?:referred\s+to|called|described)\s+(?:as\s+)?[,:\s]*[\"'\u201c\u2018`]{1,2}\s*(?:[tT]he\s+)?"
    r"(?P<form>[A-Z0-9][\w.&/' -]{0,40}?)\s*[\"'\u201d\u2019`]{1,2}"
)
ANAPHOR = re.compile(
    r"[\s,]*(?:of|under|in|to)?\s*(?P<det>(?:(?:the|this|that|said|same|aforesaid|above|above-mentioned|Central|principal|"
    r"Principal|parent|present|new|old|impugned|repealed|unamended|amended|1[89]\d\d)\s+)*)(?P<noun>Act|Code|Ordinance|Constitution)\b"
    r"(?!\s+(?:of|No))"
)
THEREOF = re.compile(r"\s*(?:thereof|ibid)\b")
NEAR = 1500


class ShortForms:
    """Short forms of Acts, as a judgment defines and uses them.

    Args:
        text: The judgment.
        mentions: The Acts that it names.
    """

    def __init__(self, text: str, mentions: list[Mention]) -> None:
        self._text, self._mentions = text, mentions
        self._ends = [m.end for m in mentions]
        self._defined: dict[str, list[tuple[int, str | None]]] = {}
        for mention in mentions:
            match = QUOTED.match(text, mention.end) or LATER.match(text, mention.end)
            if match and NAMED_FORM.match(match["form"]):
                form = " ".join(match["form"].split()).lower()
                self._defined.setdefault(form, []).append((mention.end, mention.act))

    def at(self, position: int) -> tuple[str | None, int | None]:
        """The Act that a short form at `position` stands for, and where it ends; (None, None) if there is none."""
        match = ANAPHOR.match(self._text, position)
        if match is None:
            thereof = THEREOF.match(self._text, position)
            if thereof is None:
                return self._own_form(position)
            return self._last(position, None), thereof.end()
        noun = match["noun"].lower()
        if noun == "constitution":
            return "Constitution of India", match.end()
        determiners = match["det"].split()
        year = next((d for d in determiners if d.isdigit()), None)
        if year:
            acts = {m.act for m in self._mentions if m.act and m.act.endswith(year)}
            return (acts.pop() if len(acts) == 1 else None), match.end()
        forms = [
            " ".join([*(d for d in determiners if d[0].isupper() or d in {"principal", "new", "old"}), noun]).lower(),
            noun,
        ]
        defined = next((d for form in forms if (d := self._definition(form, position))), None)
        if defined and not {"that", "said", "same", "aforesaid"} & set(determiners):
            return defined[1], match.end()
        return self._last(position, noun, defined), match.end()

    def _definition(self, form: str, position: int) -> tuple[int, str | None] | None:
        """Where and for what `form` was last defined before `position`."""
        before = [d for d in self._defined.get(form, []) if d[0] <= position]
        return before[-1] if before else None

    def _last(self, position: int, noun: str | None, defined: tuple[int, str | None] | None = None) -> str | None:
        """The Act last named before `position` that `noun` can stand for, if it is near or the only one so far."""
        before = self._mentions[: bisect_right(self._ends, position)]
        fitting = [m for m in before if noun is None or _is_a(m, noun)]
        if noun == "code":  # a code that is called IPC is not called the Code
            fitting = [m for m in fitting if len(m.name) > 5]
        if not fitting:
            return defined[1] if defined else None
        last = fitting[-1]
        if noun == "code" and not defined and len({m.act for m in fitting}) > 1 and position - last.end > NEAR // 15:
            return None
        if position - last.end <= NEAR // 5 or (defined and last.end >= defined[0] and position - last.end <= NEAR):
            return last.act
        if defined:
            return defined[1]
        alone = len({m.act for m in fitting}) == 1
        return last.act if alone or position - last.end <= NEAR // 3 else None

    def _own_form(self, position: int) -> tuple[str | None, int | None]:
        """A defined form of its own, such as "the PCA" or "the Excise Act"."""
        lead = re.compile(r"[\s,]*(?:of|under|in)?\s*(?:the\s+|said\s+)*").match(self._text, position)
        at = lead.end() if lead else position
        for form in sorted(self._defined, key=len, reverse=True):
            end = at + len(form)
            if self._text[at:end].lower() == form and not self._text[end : end + 1].isalnum():
                definition = self._definition(form, position)
                if definition:
                    return definition[1], end
        return None, None


def _is_a(mention: Mention, noun: str) -> bool:
    """Whether "the Act" ("the Code") can mean this one."""
    code = (
        mention.name.endswith("code")
        or mention.name in {"ipc", "crpc", "crlpc", "cpc"}
        or mention.name.startswith("code of")
    )
    if noun == "code":
        return code
    return not code and not mention.name.endswith(("constitution", "constitution of india"))
