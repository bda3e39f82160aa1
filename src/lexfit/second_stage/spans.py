"""Which token may come next so that what is written stands word for word in a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Spans:
    """Runs of whole words of a text, each ended by one token; what any sequence of allowed tokens gives is a quotation.

    Args:
        text: What is quoted.
        tokens: Its tokens.
        offsets: Where each of them stands in the text, first character and the one behind the last.
        end: The token behind a quotation.
        least: Words that a quotation has at least, fewer where the text has fewer.
        most: Words that it has at most.

    Raises:
        ValueError: The text has no word, or a limit is out of order.
    """

    def __init__(
        self,
        text: str,
        tokens: Sequence[int],
        offsets: Sequence[tuple[int, int]],
        end: int,
        *,
        least: int,
        most: int,
    ) -> None:
        if not text.split() or not 1 <= least <= most:
            raise ValueError("A quotation needs a text with words, and 1 <= least <= most.")
        kept = [(token, place) for token, place in zip(tokens, offsets, strict=True) if text[slice(*place)].strip()]
        self._text, self._end = text, end
        self._tokens = [token for token, _ in kept]
        self._offsets = [_trimmed(text, place) for _, place in kept]
        self._least, self._most = min(least, len(text.split())), most
        self._starts = [i for i, (first, _) in enumerate(self._offsets) if first == 0 or text[first - 1].isspace()]

    def _places(self, written: Sequence[int]) -> list[int]:
        size = len(written)
        return [start for start in self._starts if self._tokens[start : start + size] == list(written)]

    def _words(self, start: int, size: int) -> int:
        return len(self._span(start, size).split())

    def _span(self, start: int, size: int) -> str:
        return self._text[self._offsets[start][0] : self._offsets[start + size - 1][1]] if size else ""

    def _complete(self, start: int, size: int) -> bool:
        behind = self._offsets[start + size - 1][1]
        return behind >= len(self._text) or self._text[behind].isspace()

    def allowed(self, written: Sequence[int]) -> list[int]:
        """Tokens that may follow what is written of a quotation, at least one; after its end, the end again."""
        if written and written[-1] == self._end:
            return [self._end]
        size, found = len(written), set()
        for start in self._places(written):
            ends = size > 0 and self._complete(start, size)
            words = self._words(start, size)
            last = start + size == len(self._tokens)
            if last or (ends and words >= self._least):
                found.add(self._end)
            if not last and not (ends and words >= self._most) and self._long_enough(start):
                found.add(self._tokens[start + size])
        return sorted(found)

    def _long_enough(self, start: int) -> bool:
        return len(self._text[self._offsets[start][0] :].split()) >= self._least

    def quotation(self, written: Sequence[int]) -> str:
        """The text's own characters for a finished quotation.

        Raises:
            ValueError: No such run of tokens stands in the text.
        """
        own = [token for token in written if token != self._end]
        places = self._places(own)
        if not own or not places:
            raise ValueError("What is written stands nowhere in the text.")
        return self._span(places[0], len(own))


def _trimmed(text: str, place: tuple[int, int]) -> tuple[int, int]:
    """A token's place without white space at its edges."""
    first, behind = place
    part = text[first:behind]
    return first + len(part) - len(part.lstrip()), behind - len(part) + len(part.rstrip())
