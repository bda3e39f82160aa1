"""What of a further source trains: not its held-out queries, nor what an evaluation query was taken from."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lexfit.corpus.guard import overlaps, plain_prints
from lexfit.corpus.protocols import natural_key
from lexfit.corpus.source_groups import known_sources

if TYPE_CHECKING:
    from lexfit.config import ProtocolParams
    from lexfit.corpus.pairs import CleanSource
    from lexfit.corpus.records import Collection

HELD_OUT = "held_out"


@dataclass
class Selection:
    """Ids of one further source: queries that train and those held out, documents that train; what was dropped."""

    train: list[str] = field(default_factory=list)
    held_out: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)


def whole_groups(raw: Collection) -> dict[str, str]:
    """Text by group; that of a group whose whole text the source doesn't give is its queries' texts together."""
    parts: dict[str, list[str]] = defaultdict(list)
    for query in raw.queries:
        if query.group is not None and query.group not in raw.groups:
            parts[query.group].append(query.text)
    return {**raw.groups, **{group: "\n".join(texts) for group, texts in parts.items()}}


def dropped_groups(name: str, raw: Collection, protected: dict[str, str]) -> list[dict[str, Any]]:
    """Groups that a protected query was taken from, one record for each pair, with what says so."""
    counts: dict[str, int] = defaultdict(int)
    for query in raw.queries:
        if query.group is not None:
            counts[query.group] += 1
    return [
        {
            "kind": "group",
            "source": name,
            "first": f"{name}/{match.group}",
            "second": match.query,
            "share": match.containment,
            "evidence": match.evidence,
            "shared": match.shared,
            "queries": counts[match.group],
        }
        for match in known_sources(whole_groups(raw), protected)
    ]


def dropped_queries(
    name: str, texts: dict[str, str], protected: dict[str, str], protocol: ProtocolParams
) -> list[dict[str, Any]]:
    """Queries that share too many word n-grams with a protected one (the guard's rule)."""
    found = overlaps(texts, plain_prints(protected, protocol.overlap_words), protocol.overlap_share)
    return [{"kind": "query", "source": name, **o._asdict(), "first": f"{name}/{o.first}", "queries": 1} for o in found]


def select(name: str, raw: Collection, overlap: str, protected: dict[str, str], protocol: ProtocolParams) -> Selection:
    """Divide a further source's queries and documents.

    Args:
        name: The source's name in `data.train`.
        raw: The source.
        overlap: `drop`, or `refuse`, which drops nothing: the guard will stop what overlaps.
        protected: The task's queries by id, all of them whatever their role: folds are held out in turn.
        protocol: Size and share of the guard's n-grams.
    """
    chosen = Selection()
    gone: set[str] = set()
    if overlap == "drop":
        chosen.dropped = dropped_groups(name, raw, protected)
        groups = {d["first"].removeprefix(f"{name}/") for d in chosen.dropped}
        gone = {q.id for q in raw.queries if q.group in groups}
        single = dropped_queries(name, {q.id: q.text for q in raw.queries if q.id not in gone}, protected, protocol)
        gone |= {d["first"].removeprefix(f"{name}/") for d in single}
        chosen.dropped += single
    positives = raw.positives()
    held_out = {q.id: q.text for q in raw.queries if q.id not in gone and q.split == HELD_OUT}
    training = {q.id: q.text for q in raw.queries if q.id not in gone and q.split != HELD_OUT}
    # What tells the same as a query that measures would make it measure memory.
    like = dropped_queries(name, training, held_out, protocol) if held_out else []
    chosen.dropped += [{**d, "second": f"{name}/{d['second']}"} for d in like]
    chosen.train = [key for key in training if f"{name}/{key}" not in {d["first"] for d in like}]
    chosen.held_out = list(held_out)
    trained = {d for q in chosen.train for d in positives[q]}
    unseen = {d for q in chosen.held_out for d in positives[q]} - trained
    chosen.documents = [d.id for d in raw.documents if d.id not in unseen]
    return chosen


def held_out_records(
    name: str, source: CleanSource, chosen: Selection
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Records of a source's held-out queries and, if it has any, of all its documents, trained on or not."""
    positives, trained = source.raw.positives(), set(chosen.documents)
    by_id = {q.id: q for q in source.raw.queries}
    queries = [
        {
            "id": f"{name}/{key}",
            "source": name,
            "group": by_id[key].group,
            "text": by_id[key].text,
            "positives": [f"{name}/{d}" for d in sorted(positives[key], key=natural_key)],
        }
        for key in chosen.held_out
    ]
    documents = [
        {
            "id": f"{name}/{d.id}",
            "source": name,
            "text": d.full_text,
            "passages": source.passages[d.id],
            "trained": d.id in trained,
        }
        for d in source.raw.documents
    ]
    return queries, documents if queries else []
