"""What a reranker trains on: a query, a known positive, and documents near it that aren't known positives."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lexfit.config_second_stage import RerankerTrainingParams
    from lexfit.training.batches import TrainingData

NEVER = float("-inf")


class RankingList(NamedTuple):
    """A query, its positive first, then negatives; numbers of `TrainingData`, passages for documents."""

    query: int
    positive: int
    negatives: tuple[int, ...]


def draw_queries(data: TrainingData, count: int, seed: int) -> list[int]:
    """The query of each list, in the order of training: whole passes over all queries, each in an order of its own.

    Args:
        data: Queries without a known positive are left out.
        count: Lists.
        seed: Of the orders.
    """
    able = [row for row, positives in enumerate(data.positives) if any(score > 0 for score in positives.values())]
    generator = random.Random(f"{seed}/reranker queries")
    drawn: list[int] = []
    while able and len(drawn) < count:
        generator.shuffle(able)
        drawn += able[: count - len(drawn)]
    return drawn


def draw_lists(
    data: TrainingData,
    queries: Sequence[int],
    ranked: Callable[[int], Sequence[int]],
    params: RerankerTrainingParams,
    seed: int,
) -> list[RankingList]:
    """A list for each drawn query; a query that is drawn again gets another positive and other negatives.

    As in localized contrastive estimation (Gao, Dai and Callan 2021, arXiv 2101.08751) negatives are drawn from the
    head of a retriever's ranking rather than taken from its top, which holds positives that nobody judged.

    Args:
        data: Its known positives, of whatever source, are never negatives; a positive is drawn in proportion to the
            score of its judgement.
        queries: Numbers of queries.
        ranked: Documents of the query's own source by falling score of the miner.
        params: Negatives of a list, and from how many they are drawn.
        seed: Of the drawing.

    Returns:
        Lists without a negative are left out.
    """
    generator = random.Random(f"{seed}/reranker lists")
    passages: dict[int, list[int]] = {}
    for passage, document in enumerate(data.doc_of_passage):
        passages.setdefault(document, []).append(passage)
    picker = data.picker()
    lists = []
    for row in queries:
        known = data.positives[row]
        documents = [document for document, score in known.items() if score > 0]
        positive = generator.choices(documents, [known[document] for document in documents])[0]
        free = [d for d in ranked(row) if known.get(d, 0) <= 0][: params.negatives_from]
        chosen = generator.sample(free, min(params.negatives, len(free)))
        if not chosen:
            continue
        best = picker.pick(data.query_texts[row], data.doc_ids[positive])
        lists.append(RankingList(row, best, tuple(generator.choice(passages[d]) for d in chosen)))
    return lists


def rows_of(lists: Sequence[RankingList], data: TrainingData, loss: str) -> list[dict[str, object]]:
    """Rows as sentence-transformers' losses take them.

    Args:
        lists: Drawn lists.
        data: Their texts.
        loss: `listnet` takes the softmax of labels as its target: 0 for the positive and minus infinity for the
            others put all of it on the positive. `lambda` takes grades. `bce` takes each document alone.
    """
    rows: list[dict[str, object]] = []
    for one in lists:
        query = data.query_texts[one.query]
        documents = [data.passages[p] for p in (one.positive, *one.negatives)]
        if loss == "bce":
            rows += [{"query": query, "document": d, "label": float(i == 0)} for i, d in enumerate(documents)]
        else:
            off = NEVER if loss == "listnet" else 0.0
            on = 0.0 if loss == "listnet" else 1.0
            rows.append({"query": query, "documents": documents, "label": [on, *[off] * len(one.negatives)]})
    return rows
