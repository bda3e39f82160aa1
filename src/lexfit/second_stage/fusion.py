"""Fusion of rankings: by reciprocal ranks, or by standardised scores with learned weights. Pure functions."""

from __future__ import annotations

from statistics import fmean, pstdev
from typing import TYPE_CHECKING

from lexfit.evaluation.runs import order
from lexfit.evaluation.trec import evaluate, mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lexfit.evaluation.runs import Run
    from lexfit.evaluation.trec import Qrels

Scores = dict[str, float]


def heads(first: Run, depth: int) -> dict[str, list[str]]:
    """The first `depth` documents of each query's ranking: what a second stage reads."""
    return {query_id: order(scores)[:depth] for query_id, scores in first.items()}


def reorder(first: Scores, head: Sequence[str], second: Scores) -> Scores:
    """A ranking whose head is ordered by other scores; the rest follows in the first stage's order.

    Args:
        first: Scores of all documents.
        head: Documents that are ordered anew.
        second: Their new scores. Documents of the head that have none stand behind those that have.
    """
    scored = sorted((d for d in head if d in second), key=lambda d: (-second[d], d))
    chosen = set(head)
    rest = [d for d in order(first) if d in chosen and d not in second] + [d for d in order(first) if d not in chosen]
    ranked = [*scored, *rest]
    return {doc_id: float(len(ranked) - place) for place, doc_id in enumerate(ranked)}


def reciprocal_ranks(rankings: Sequence[Scores], head: Sequence[str], k: int) -> Scores:
    """Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009, SIGIR): the sum of 1 / (k + rank).

    Args:
        rankings: Scores by system; ranks are those among the head's documents, from 1.
        head: Documents that are fused.
        k: Its constant; 60 in the paper.
    """
    fused = dict.fromkeys(head, 0.0)
    for scores in rankings:
        own = {doc_id: scores[doc_id] for doc_id in head if doc_id in scores}
        for rank, doc_id in enumerate(order(own), 1):
            fused[doc_id] += 1.0 / (k + rank)
    return fused


def standardised(scores: Scores, head: Sequence[str]) -> Scores:
    """Scores of the head's documents less their mean, in standard deviations; 0 where all are equal.

    A document without a score gets the lowest one.
    """
    known = [scores[doc_id] for doc_id in head if doc_id in scores]
    if not known:
        return dict.fromkeys(head, 0.0)
    filled = {doc_id: scores.get(doc_id, min(known)) for doc_id in head}
    middle, spread = fmean(filled.values()), pstdev(filled.values())
    return {doc_id: (value - middle) / spread if spread else 0.0 for doc_id, value in filled.items()}


def weighted(rankings: Sequence[Scores], head: Sequence[str], weights: Sequence[float]) -> Scores:
    """The weighted sum of standardised scores."""
    fused = dict.fromkeys(head, 0.0)
    for scores, weight in zip(rankings, weights, strict=True):
        if weight:
            for doc_id, value in standardised(scores, head).items():
                fused[doc_id] += weight * value
    return fused


def simplex(systems: int, grid: int) -> Iterator[tuple[int, ...]]:
    """All ways to share `grid` units among systems, those that give the first system most coming first."""
    if systems == 1:
        yield (grid,)
        return
    for own in range(grid, -1, -1):
        for others in simplex(systems - 1, grid - own):
            yield (own, *others)


def learn_weights(
    runs: Mapping[str, Run], first: str, qrels: Qrels, *, depth: int, grid: int, measure: str
) -> tuple[dict[str, float], float]:
    """The weights that rank some queries best, and how well.

    Args:
        runs: Scores by system, the first stage's among them.
        first: Name of the first stage: its head is what is fused.
        qrels: Judgements of the queries to learn from.
        depth: Documents of the head.
        grid: Weights are multiples of 1/grid, adding up to 1.
        measure: Whose mean counts; of equals the one with more weight on the first stage is taken.
    """
    names = [first, *sorted(set(runs) - {first})]
    head = heads({query_id: runs[first][query_id] for query_id in qrels}, depth)
    scores = {q: [standardised(runs[name].get(q, {}), head[q]) for name in names] for q in qrels}
    best: tuple[float, tuple[int, ...]] | None = None
    for shares in simplex(len(names), grid):
        run = {
            q: reorder(
                runs[first][q],
                head[q],
                {d: sum(share * own[d] for share, own in zip(shares, scores[q], strict=True)) for d in head[q]},
            )
            for q in qrels
        }
        value = mean(evaluate(run, qrels), measure)
        if best is None or value > best[0] + 1e-9:
            best = value, shares
    assert best is not None
    return {name: share / grid for name, share in zip(names, best[1], strict=True)}, best[0]


def fuse(
    runs: Mapping[str, Run], first: str, queries: Sequence[str], *, depth: int, weights: Mapping[str, float]
) -> Run:
    """Rankings by weighted scores.

    Args:
        runs: Scores by system.
        first: Name of the first stage.
        queries: Which are ranked.
        depth: Documents of the head.
        weights: By system; others don't take part.
    """
    head = heads({query_id: runs[first][query_id] for query_id in queries}, depth)
    return {
        q: reorder(
            runs[first][q],
            head[q],
            weighted([runs[name].get(q, {}) for name in weights], head[q], list(weights.values())),
        )
        for q in queries
    }


def fuse_ranks(runs: Mapping[str, Run], first: str, queries: Sequence[str], *, depth: int, k: int) -> Run:
    """Rankings by reciprocal rank fusion of all systems' orders of the first stage's head."""
    head = heads({query_id: runs[first][query_id] for query_id in queries}, depth)
    return {
        q: reorder(runs[first][q], head[q], reciprocal_ranks([run.get(q, {}) for run in runs.values()], head[q], k))
        for q in queries
    }
