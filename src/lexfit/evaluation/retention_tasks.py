"""Retention tasks: queries that one text each answers, from sources that have nothing to do with the target."""

from __future__ import annotations

import hashlib
import logging
import platform
import sysconfig
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lexfit.errors import LexfitError
from lexfit.evaluation.central_acts import find_sections, section_pairs
from lexfit.evaluation.docstrings import docstring_pairs
from lexfit.evaluation.retention import Pair

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lexfit.config import RetentionParams

logger = logging.getLogger(__name__)

# Longer documents cost time and tell little more: all-MiniLM-L6-v2 scores 0.788 with 64 words, 0.794 with 100.
DOCUMENT_WORDS = 64
SHORTEST_DOCUMENT, SHORTEST_QUERY = 12, 4  # words


class RetentionTask(NamedTuple):
    """Pairs under a task's name; each query is ranked over all documents."""

    name: str
    source: str
    pairs: list[Pair]


def choose(candidates: Iterable[tuple[str, str, str]], count: int, seed: int, name: str) -> list[Pair]:
    """`count` pairs with cut documents, by order of a hash, so that another candidate displaces one pair, not all.

    Left out are short ones, those whose document holds the query, and those that share query, document or id with
    another (a pair that occurs twice counts once).
    """
    distinct: dict[tuple[str, str], Pair] = {}
    for pair_id, query, text in candidates:
        document = " ".join(text.split()[:DOCUMENT_WORDS])
        long_enough = len(document.split()) >= SHORTEST_DOCUMENT and len(query.split()) >= SHORTEST_QUERY
        if long_enough and query.rstrip(" .").casefold() not in document.casefold():
            distinct.setdefault((query.casefold(), document.casefold()), Pair(pair_id, query, document))
    queries, documents = Counter(q for q, _ in distinct), Counter(d for _, d in distinct)
    ids = Counter(pair.id for pair in distinct.values())
    usable = [p for (q, d), p in distinct.items() if queries[q] == documents[d] == ids[p.id] == 1]
    if len(usable) < count:
        raise LexfitError(
            "params.yaml: retention.queries",
            f"asks for {count} pairs where task {name} has {len(usable)}",
            "Lower it, or leave this task out of retention.tasks",
        )
    logger.info("%s: %d of %d pairs, documents cut at %d words", name, count, len(usable), DOCUMENT_WORDS)
    return sorted(usable, key=lambda pair: hashlib.sha256(f"{seed}/{pair.query}".encode()).digest())[:count]


def build_task(name: str, params: RetentionParams, seed: int) -> RetentionTask:
    """One of `retention.tasks`, with `retention.queries` pairs drawn by `seed`.

    Raises:
        LexfitError: The task's data are absent, malformed or too few.
    """
    if name == "docstrings":
        source = f"standard library of Python {platform.python_version()}"
        candidates = docstring_pairs(Path(sysconfig.get_path("stdlib")))
    else:
        path = find_sections(params.central_acts)
        data = path.read_bytes()
        source = f"{path.name}, sha256 {hashlib.sha256(data).hexdigest()[:12]}"
        candidates = section_pairs(data, str(path))
    return RetentionTask(name, source, choose(candidates, params.queries, seed, name))
