"""Windows of long queries that train as queries of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

SEPARATOR = "#"


def query_windows(text: str, count: int, words: int) -> list[str]:
    """Up to `count` windows of `words` words from a text's start, each beginning half a window after the last.

    The last one ends with the text, and is shorter if that falls within it. With `count` 1, or no more than `words`
    words, it is the text as it is.
    """
    parts = text.split()
    if count == 1 or len(parts) <= words:
        return [text]
    stride = words // 2
    starts = range(0, min(count * stride, len(parts) - words + stride), stride)
    return [" ".join(parts[start : start + words]) for start in starts]


def windowed(
    queries: Sequence[dict[str, Any]],
    rows: Sequence[Sequence[dict[str, Any]]],
    count: int,
    words: int,
) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """Queries as windows of their texts (`id#1`, …), and records that name one of them repeated for each window.

    Args:
        queries: With `id` and `clean_text`.
        rows: Lists of records with a `query_id`: pairs, negatives.
        count: Windows of a query, at most; 1 leaves everything as it is.
        words: Of a window.
    """
    if count == 1:
        return list(queries), [list(own) for own in rows]
    out, ids = [], {}
    for query in queries:
        texts = query_windows(query["clean_text"], count, words)
        ids[query["id"]] = [f"{query['id']}{SEPARATOR}{number}" for number in range(1, len(texts) + 1)]
        out += [{**query, "id": key, "clean_text": text} for key, text in zip(ids[query["id"]], texts, strict=True)]
    return out, [
        [{**r, "query_id": key} for r in own for key in ids.get(r["query_id"], [r["query_id"]])] for own in rows
    ]
