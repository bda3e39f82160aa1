"""Training pairs and evaluation data under a protocol, kept apart so that no training stage can see the latter."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lexfit.corpus.further import held_out_records, select
from lexfit.corpus.guard import check_training, connected, fingerprints, overlaps, plain_prints
from lexfit.corpus.protocols import NO_FOLD, assign_folds, natural_key, query_role
from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from lexfit.config import Params, ProtocolParams
    from lexfit.corpus.records import Collection, Query


@dataclass(frozen=True)
class CleanSource:
    """A collection as its source gave it, with cleaned query texts and passages by id."""

    raw: Collection
    queries: dict[str, str]
    passages: dict[str, list[str]]


@dataclass
class PairSet:
    """The stage's records: what training stages read, what evaluating ones read, and the summary."""

    train_queries: list[dict[str, Any]] = field(default_factory=list)
    train_documents: list[dict[str, Any]] = field(default_factory=list)
    pairs: list[dict[str, Any]] = field(default_factory=list)
    eval_queries: list[dict[str, Any]] = field(default_factory=list)
    eval_documents: list[dict[str, Any]] = field(default_factory=list)
    further: list[dict[str, Any]] = field(default_factory=list)
    further_documents: list[dict[str, Any]] = field(default_factory=list)
    guard: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)


def _group(query: Query) -> dict[str, str]:
    return {} if query.group is None else {"group": query.group}


def _add_training(out: PairSet, source: CleanSource, name: str, query_ids: list[str], doc_ids: list[str]) -> None:
    """Append one source's training queries, documents and pairs; ids of further sources get `name/`."""
    prefix = "" if name == "task" else f"{name}/"
    positives, scores = source.raw.positives(), source.raw.scores()
    documents = {d.id: d for d in source.raw.documents}
    allowed = set(doc_ids)
    queries = {q.id: q for q in source.raw.queries}
    not_relevant = defaultdict(list)
    for judgement in source.raw.judgements:
        if judgement.score == 0 and judgement.doc_id in allowed:
            not_relevant[judgement.query_id].append(prefix + judgement.doc_id)
    targets = {d for q in query_ids for d in positives[q] if d in allowed}
    for query_id in query_ids:
        known = sorted(positives[query_id], key=natural_key)
        out.train_queries.append(
            {
                "id": prefix + query_id,
                "source": name,
                "role": "train",
                "text": queries[query_id].text,
                "clean_text": source.queries[query_id],
                "positives": [prefix + d for d in known],
                **_group(queries[query_id]),
                **({"not_relevant": not_relevant[query_id]} if query_id in not_relevant else {}),
            }
        )
        out.pairs.extend(
            {"query_id": prefix + query_id, "doc_id": prefix + d, "source": name, "score": scores[query_id, d]}
            for d in known
            if d in allowed
        )
    for doc_id in doc_ids:
        out.train_documents.append(
            {
                "id": prefix + doc_id,
                "source": name,
                "role": "target" if doc_id in targets else "corpus",
                "text": documents[doc_id].full_text,
                "passages": source.passages[doc_id],
            }
        )


def candidates(raw: Collection, pool: str) -> list[str]:
    """Ids of the documents that are ranked: all, or those judged relevant to at least one query."""
    if pool == "all":
        return [d.id for d in raw.documents]
    judged = {j.doc_id for j in raw.judgements if j.score > 0}
    return [d.id for d in raw.documents if d.id in judged]


def _drop_leaking(raw: Collection, roles: dict[str, str], protocol: ProtocolParams) -> list[dict[str, Any]]:
    """Set the role of training queries that overlap with test ones to `dropped`, and say why.

    The track's own split has such a pair (AILA_Q2 and AILA_Q50 tell the same case): its test queries
    stay as published, so scores compare, and the leak is closed on the training side.
    """
    held_out = {q.id: q.text for q in raw.queries if roles[q.id] == "test"}
    training = {q.id: q.text for q in raw.queries if roles[q.id] == "train"}
    found = overlaps(training, plain_prints(held_out, protocol.overlap_words), protocol.overlap_share)
    for overlap in found:
        roles[overlap.first] = "dropped"
    return [{"kind": "query", "source": "task", **overlap._asdict(), "queries": 1} for overlap in found]


def _assign_folds(out: PairSet, params: Params) -> int:
    """Write a fold into every training query; returns how many near duplicates tie together.

    Near duplicates share a fold, and so do queries that were taken from one text. Where the task's own queries train,
    the folds are theirs: those of further sources have fold -1, which is never held out.
    """
    protocol, k = params.protocol, len(params.crossval.folds)
    own = [q for q in out.train_queries if q["source"] == "task"] or out.train_queries
    texts = {q["id"]: q["text"] for q in own}
    near = overlaps(texts, plain_prints(texts, protocol.overlap_words), protocol.overlap_share)
    first: dict[tuple[str, str], str] = {}
    for query in own:
        if "group" in query:
            first.setdefault((query["source"], query["group"]), query["id"])
    same = [(first[q["source"], q["group"]], q["id"]) for q in own if "group" in q]
    groups = connected(texts, [*((o.first, o.second) for o in near if o.first != o.second), *same])
    labels = {q["id"]: set(q["positives"]) for q in own}
    folds = assign_folds(labels, groups, k, params.seed)
    for query in out.train_queries:
        query["fold"] = folds.get(query["id"], NO_FOLD)
    origin = {q["id"]: (q["source"], q.get("group", q["id"])) for q in own}
    return sum(len({origin[key] for key in group}) > 1 for group in groups)


def _corpus_seen(out: PairSet, protocol: ProtocolParams) -> list[dict[str, Any]]:
    """Evaluation documents whose text took part in training: with them, or in another source's words."""
    seen = {d["id"]: d["id"] for d in out.train_documents if d["source"] == "task"}
    foreign = {d["id"]: d["text"] for d in out.train_documents if d["source"] != "task"}
    ranked = {d["id"]: d["text"] for d in out.eval_documents if d["role"] == "candidate"}
    found = [{"document": d, "training_document": d, "share": 1.0} for d in ranked if d in seen]
    if not foreign:
        return found
    prints = plain_prints(ranked, protocol.overlap_words)
    for overlap in overlaps(foreign, prints, protocol.overlap_share):
        if overlap.second not in seen:
            found.append({"document": overlap.second, "training_document": overlap.first, "share": overlap.share})
    return found


def build_pairs(task: CleanSource, further: dict[str, CleanSource], params: Params) -> PairSet:
    """Assign roles and folds, and build training and evaluation records.

    Args:
        task: The collection that is evaluated.
        further: Other collections to train on (`data.train`), by name; their held-out queries don't train, nor,
            with `overlap: drop`, what a query of the task was taken from or overlaps with.
        params: The sections data, protocol, crossval and seed are used.

    Raises:
        LexfitError: No query would train, a fold count is above the query count, or a training query
            overlaps with a held-out one (named, with the overlapping words).
    """
    out, protocol = PairSet(), params.protocol
    roles = {q.id: query_role(protocol.name, q) for q in task.raw.queries}
    dropped = _drop_leaking(task.raw, roles, protocol) if protocol.name == "fire2019" else []
    ranked = candidates(task.raw, params.data.pool)
    train_ids = [q.id for q in task.raw.queries if roles[q.id] == "train"]
    if train_ids:
        _add_training(out, task, "task", train_ids, ranked)
    protected = {q.id: q.text for q in task.raw.queries}
    for name, source in further.items():
        chosen = select(name, source.raw, params.data.train[name].overlap, protected, protocol)
        _add_training(out, source, name, chosen.train, chosen.documents)
        queries, documents = held_out_records(name, source, chosen)
        out.further += queries
        out.further_documents += documents
        dropped += chosen.dropped
    out.train_queries = [q for q in out.train_queries if q["positives"]]
    if not out.pairs:
        raise LexfitError(
            "params.yaml: protocol.name",
            f"{protocol.name} leaves no query to train on",
            "Choose another protocol or data.train",
        )
    in_pool = set(ranked)
    out.eval_queries = [{"id": q.id, "role": roles[q.id], "split": q.split, "text": q.text} for q in task.raw.queries]
    out.eval_documents = [
        {
            "id": d.id,
            "role": "candidate" if d.id in in_pool else "outside",
            "text": d.full_text,
            "passages": task.passages[d.id],
        }
        for d in task.raw.documents
    ]
    held_out = {q["id"]: q["text"] for q in out.eval_queries if q["role"] == "test"}
    out.guard = {
        **fingerprints(held_out, protocol.overlap_words),
        "share": protocol.overlap_share,
        "protocol": protocol.name,
    }
    known = plain_prints(held_out, protocol.overlap_words)  # what later stages check by hashes
    check_training(out.train_queries, {**out.guard, **known}, "stage pairs")
    grouped = _assign_folds(out, params)
    seen = _corpus_seen(out, protocol)
    out.summary = {
        "protocol": protocol.name,
        "task_queries": dict(Counter(roles.values())),
        "training_queries": dict(Counter(q["source"] for q in out.train_queries)),
        "training_documents": dict(Counter(d["source"] for d in out.train_documents)),
        "pairs": dict(Counter(p["source"] for p in out.pairs)),
        "positives_without_text": sorted(
            {d for q in out.train_queries for d in q["positives"]} - {d["id"] for d in out.train_documents}
        ),
        "folds": dict(sorted(Counter(q["fold"] for q in out.train_queries).items())),
        "dropped": dropped,
        "held_out": dict(Counter(q["source"] for q in out.further)),
        "documents_kept_from_training": dict(Counter(d["source"] for d in out.further_documents if not d["trained"])),
        "groups_of_near_duplicate_queries": grouped,
        "candidates": len(ranked),
        "corpus_seen": {
            "documents": len({s["document"] for s in seen}),
            "of": len(ranked),
            "by_overlap": [s for s in seen if s["document"] != s["training_document"]],
        },
    }
    return out
