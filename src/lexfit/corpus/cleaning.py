"""Text repair as pure functions, each of which says how much it changed."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Literal

import ftfy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lexfit.config import CleanParams

TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(\s[^<>]*)?/?>|<!--.*?-->", re.DOTALL)
ENTITY = re.compile(r"&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]+);")
PAGE = re.compile(r"^\W*(page\s*)?#(\s*(of|/)\s*#)?\W*$", re.IGNORECASE)
BLOCK = {"p", "br", "div", "li", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article"}
EDGE_LINES = 2
MIN_REPEATS = 3
MIN_SHARE = 0.2


class _Text(HTMLParser):
    """Collects text; block tags become line breaks, scripts and styles vanish."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.hidden += tag in {"script", "style"}
        if tag in BLOCK:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = max(0, self.hidden - (tag in {"script", "style"}))
        if tag in BLOCK and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


def repair_encoding(text: str) -> str:
    """Undo mojibake (UTF-8 once read as another encoding) by ftfy's heuristics."""
    return str(ftfy.fix_encoding(text))


def strip_html(text: str) -> str:
    """Remove tags and resolve entities; text without either stays as it is, `a < b` included."""
    if TAG.search(text):
        parser = _Text()
        parser.feed(text)
        parser.close()
        return "".join(parser.parts)
    return html.unescape(text) if ENTITY.search(text) else text


def strip_control(text: str) -> str:
    """Remove control and format characters (byte-order marks, zero widths, soft hyphens) but line breaks and tabs."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co"})


def normalize_unicode(text: str, form: Literal["NFC", "NFKC", "none"]) -> str:
    """Composed characters; NFKC also folds ligatures, full widths and superscripts."""
    return text if form == "none" else unicodedata.normalize(form, text)


def collapse_whitespace(text: str) -> str:
    """One space for runs of blanks, at most one empty line, nothing at line ends."""
    text = re.sub(r"[^\S\n]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _shape(line: str) -> str:
    return re.sub(r"\d+", "#", line).strip().casefold()


def repeated_lines(texts: Iterable[str]) -> set[str]:
    """Shapes (digits as `#`) of running headers and footers.

    A line counts if it stands among the first or last two lines of at least a fifth of the documents
    (and of three), and has three words or is a page number. Documents of fewer than six lines have none.
    """
    counts: Counter[str] = Counter()
    documents = 0
    for text in texts:
        lines = [line for line in text.split("\n") if line.strip()]
        documents += 1
        if len(lines) >= 3 * EDGE_LINES:
            counts.update({_shape(line) for line in lines[:EDGE_LINES] + lines[-EDGE_LINES:]})
    needed = max(MIN_REPEATS, MIN_SHARE * documents)
    return {shape for shape, n in counts.items() if n >= needed and (len(shape.split()) >= 3 or PAGE.match(shape))}


def strip_repeated(text: str, headers: set[str]) -> str:
    """Remove lines of those shapes, page-number lines that recur, and other edge lines of the set."""
    lines = text.split("\n")
    pages = [line for line in lines if PAGE.match(_shape(line))]
    drop_pages = len(pages) >= MIN_REPEATS
    kept = [ln for ln in lines if _shape(ln) not in headers and not (drop_pages and PAGE.match(_shape(ln)))]
    return "\n".join(kept)


def steps(params: CleanParams, headers: set[str]) -> list[tuple[str, Callable[[str], str]]]:
    """The repairs that are switched on, in order, by name."""
    chosen: list[tuple[bool, str, Callable[[str], str]]] = [
        (params.encoding, "encoding", repair_encoding),
        (params.html, "html", strip_html),
        (params.control, "control", strip_control),
        (params.unicode != "none", "unicode", lambda text: normalize_unicode(text, params.unicode)),
        (params.headers, "headers", lambda text: strip_repeated(text, headers)),
        (params.whitespace, "whitespace", collapse_whitespace),
    ]
    return [(name, function) for on, name, function in chosen if on]


class Cleaner:
    """Makes the repairs that are switched on, text by text, and counts what each did.

    Args:
        params: Which repairs to make.
        headers: Shapes of running headers and footers, see `repeated_lines`.
        sample: How many changed texts to show for each repair, before and after.
    """

    def __init__(self, params: CleanParams, headers: set[str], sample: int = 3) -> None:
        self._steps, self._headers, self._sample = steps(params, headers), headers, sample
        self._texts = 0
        self._counts = {name: {"changed": 0, "characters": 0, "kept_nonempty": 0} for name, _ in self._steps}
        self._shown: dict[str, list[dict[str, str]]] = {name: [] for name, _ in self._steps}

    def clean(self, text: str) -> str:
        """A text repaired; one that a repair would empty keeps its form before that repair."""
        self._texts += 1
        for name, function in self._steps:
            counts, new = self._counts[name], function(text)
            if not new.strip() and text.strip():
                counts["kept_nonempty"] += 1
            elif new != text:
                counts["changed"] += 1
                counts["characters"] += len(new) - len(text)
                if len(self._shown[name]) < self._sample:
                    self._shown[name].append(_difference(text, new))
                text = new
        return text

    def report(self) -> dict[str, object]:
        """Per repair the number of texts and characters changed, with samples, of all texts so far."""
        report: dict[str, object] = {"texts": self._texts, "header_shapes": sorted(self._headers)}
        return report | {name: {**counts, "sample": self._shown[name]} for name, counts in self._counts.items()}


def cleaner(texts: Iterable[str], params: CleanParams) -> Cleaner:
    """The cleaner of a collection's texts, which it looks through for running headers where those are removed."""
    return Cleaner(params, repeated_lines(texts) if params.headers else set())


def clean_texts(texts: list[str], params: CleanParams) -> tuple[list[str], dict[str, object]]:
    """Every text cleaned, and the report of what was done."""
    own = cleaner(texts, params)
    return [own.clean(text) for text in texts], own.report()


def _difference(before: str, after: str, context: int = 40) -> dict[str, str]:
    """The first place where two texts part, with some context."""
    at = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    start = max(0, at - context)
    return {"before": before[start : at + context], "after": after[start : at + context]}
