"""A drawn part of what is evaluated, for a quick look: fewer queries, their positives, and some other documents."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from lexfit.config import EvaluationParams
    from lexfit.corpus.records import Collection
    from lexfit.evaluation.runs import Run


def is_partial(params: EvaluationParams) -> bool:
    """Whether scores are those of a part, and so no scores of the benchmark."""
    return params.max_queries is not None or params.max_documents is not None


def drawn(ids: Iterable[str], count: int | None, seed: int) -> set[str]:
    """`count` of the ids, by order of a hash with the seed: another id displaces one, not all."""
    ordered = sorted(ids, key=lambda key: hashlib.sha256(f"{seed}/{key}".encode()).digest())
    return set(ordered[:count])


def part(
    queries: Iterable[str],
    documents: Iterable[str],
    positives: Mapping[str, Set[str]],
    params: EvaluationParams,
    seed: int,
) -> tuple[set[str], set[str]]:
    """Ids of the queries and documents that are evaluated; the positives of a query that is are always among them.

    Args:
        queries: Those that have a score.
        documents: All that would be ranked.
        positives: Relevant documents by query.
        params: `max_queries` and `max_documents`; None takes all.
        seed: Of the draw.
    """
    kept, all_documents = drawn(queries, params.max_queries, seed), set(documents)
    needed = {d for q in kept for d in positives.get(q, ())} & all_documents
    room = None if params.max_documents is None else max(0, params.max_documents - len(needed))
    return kept, needed | drawn(all_documents - needed, room, seed)


def part_of_inputs(
    queries: dict[str, str],
    passages: dict[str, list[str]],
    positives: Mapping[str, Set[str]],
    params: EvaluationParams,
    seed: int,
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """`part` of texts to encode, in their order."""
    kept, documents = part(queries, passages, positives, params, seed)
    return {q: t for q, t in queries.items() if q in kept}, {d: p for d, p in passages.items() if d in documents}


def part_of_task(collection: Collection, params: EvaluationParams, seed: int) -> Collection:
    """`part` of a collection's test queries and documents; what else it has stays."""
    positives = collection.positives()
    test = [q.id for q in collection.queries if q.split == "test" and positives.get(q.id)]
    kept, documents = part(test, [d.id for d in collection.documents], positives, params, seed)
    return dataclasses.replace(
        collection,
        documents=[d for d in collection.documents if d.id in documents],
        queries=[q for q in collection.queries if q.split != "test" or q.id in kept],
    )


def part_of_run(run: Run, queries: Iterable[str], documents: Iterable[str]) -> Run:
    """A whole ranking as it is over the part alone."""
    ranked = set(documents)
    return {q: {d: s for d, s in run[q].items() if d in ranked} for q in queries}


def part_facts(whole: Collection, part: Collection) -> dict[str, int]:
    """How much of the task a part has."""
    counts = {}
    for name, collection in (("", part), ("of_", whole)):
        counts[f"{name}queries"] = sum(q.split == "test" for q in collection.queries)
        counts[f"{name}documents"] = len(collection.documents)
    return counts
