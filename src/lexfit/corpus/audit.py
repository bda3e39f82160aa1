"""The audit: everything that trains against every evaluation query and document, and what of it a protocol forbids.

A pair of a training text and an evaluation query is a leak, and fails the pipeline, where the protocol holds that query
out of what the text trains (`Rules.holds_out`) and one of these holds:

- training query: the same words, `protocol.overlap_share` of the n-grams of either, a near duplicate by MinHash, or an
  embedding similarity of at least `audit.embedding_failure`;
- training document: the same words, a near duplicate, or half of the query's n-grams (of a statute that the facts
  quote, all may be in the query, and yet make up little of it);
- group (the judgment that training queries were taken from): the query was taken from it, see `source_groups`.

Everything else above a limit is reported and stops nothing: pairs with evaluation documents are `corpus_seen`, and
similar embeddings are shown for reading, since two different robberies are similar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lexfit.corpus.near import NearIndex
from lexfit.corpus.source_groups import known_sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lexfit.config import AuditParams, ProtocolParams
    from lexfit.corpus.near import Likeness

QUOTED = 0.5
EXTRACT_WORDS = 12


def extract(text: str) -> str:
    """The first words of a text."""
    tokens = text.split()
    return " ".join(tokens[:EXTRACT_WORDS]) + (" …" if len(tokens) > EXTRACT_WORDS else "")


@dataclass(frozen=True)
class Rules:
    """What a protocol forbids; `folds` are those of the task's training queries."""

    protocol: ProtocolParams
    params: AuditParams
    folds: dict[str, int]

    def holds_out(self, query: dict[str, Any], fold: int | None) -> bool:
        """Whether an evaluation query is kept out of what a training text trains.

        Under `kfold` each query is held out of the training of every fold but its own; `all_labels` holds out none.

        Args:
            query: The evaluation query's record.
            fold: That of the training text; None for documents, which train in every fold.
        """
        if query["role"] == "test":
            return True
        return self.protocol.name == "kfold" and query["id"] in self.folds and self.folds[query["id"]] != fold

    def leaks(self, kind: str, like: Likeness) -> bool:
        """Whether a training text of a kind is too like a held-out query."""
        if like.exact or like.jaccard > 0:
            return True
        if kind == "document":
            return like.of_indexed >= QUOTED
        return max(like.of_indexed, like.of_probe) >= self.protocol.overlap_share


def training_texts(
    queries: Iterable[dict[str, Any]], documents: Iterable[dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Kind, record and text of all that trains; a query that was cleaned comes as it was, too."""
    for query in queries:
        yield "query", query, query["text"]
        if query["clean_text"] != query["text"]:
            yield "query", query, query["clean_text"]
    for document in documents:
        yield "document", document, document["text"]


def compare_texts(
    texts: Iterable[tuple[str, dict[str, Any], str]],
    queries: list[dict[str, Any]],
    documents: list[dict[str, Any]],
    rules: Rules,
    seed: int,
) -> list[dict[str, Any]]:
    """Pairs of a training text and an evaluation query or document that share their words, leaks first.

    Args:
        texts: Of `training_texts`; each is looked at once and not kept.
        queries, documents: The evaluation's records.
        rules: The protocol's.
        seed: Of MinHash.
    """
    protocol = rules.protocol
    evaluated = {"query": {q["id"]: q for q in queries}, "document": {d["id"]: d for d in documents}}
    indexes = {
        kind: NearIndex(
            {key: record["text"] for key, record in records.items()},
            protocol.overlap_words,
            rules.params.near_duplicate,
            seed,
        )
        for kind, records in evaluated.items()
    }
    found: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for kind, record, text in texts:
        for other_kind, index in indexes.items():
            if record["source"] == "task" and kind == other_kind == "document":
                continue  # itself, or another document of a corpus that trains as a whole
            for like in index.probe(text, protocol.overlap_share):
                other = like.key
                if record["source"] == "task" and kind == other_kind and record["id"] == other:
                    continue
                held = other_kind == "query" and rules.holds_out(evaluated["query"][other], record.get("fold"))
                pair = {
                    "training": record["id"],
                    "training_kind": kind,
                    "evaluation": other,
                    "evaluation_kind": other_kind,
                    "exact": like.exact,
                    "share_of_training": like.of_probe,
                    "share_of_evaluation": like.of_indexed,
                    "jaccard": like.jaccard,
                    "shared": extract(like.shared or text),
                    "leak": held and rules.leaks(kind, like),
                }
                key = (kind, record["id"], other_kind, other)
                if key not in found or _strength(pair) > _strength(found[key]):
                    found[key] = pair
    return sorted(found.values(), key=lambda p: (*(-x for x in _strength(p)), p["training"], p["evaluation"]))


def _strength(pair: dict[str, Any]) -> tuple[float, ...]:
    share = max(pair["share_of_training"], pair["share_of_evaluation"])
    return float(pair["leak"]), float(pair["exact"]), share, float(pair["jaccard"])


def compare_groups(
    groups: dict[str, dict[str, str]],
    training: list[dict[str, Any]],
    queries: list[dict[str, Any]],
    rules: Rules,
) -> list[dict[str, Any]]:
    """Groups with training queries that an evaluation query was taken from.

    Args:
        groups: Whole texts by source and group.
        training: Training queries; those of one group share a fold.
        queries: The evaluation's queries.
        rules: The protocol's.
    """
    fold_of = {(q["source"], q["group"]): q["fold"] for q in training if "group" in q}
    records = {q["id"]: q for q in queries}
    found = []
    for source, texts in groups.items():
        # All texts tell what is rare; those that train are judged.
        for match in known_sources(texts, {key: q["text"] for key, q in records.items()}):
            if (source, match.group) in fold_of:
                fold = fold_of[source, match.group]
                found.append(
                    {
                        "training": f"{source}/{match.group}",
                        "training_kind": "group",
                        "evaluation": match.query,
                        "evaluation_kind": "query",
                        "containment": match.containment,
                        "evidence": match.evidence,
                        "shared": extract(match.shared),
                        "leak": rules.holds_out(records[match.query], fold),
                    }
                )
    return found


def judge_similar(
    similar: list[tuple[str, str, float]],
    training: list[dict[str, Any]],
    queries: list[dict[str, Any]],
    rules: Rules,
) -> list[dict[str, Any]]:
    """Records of similar pairs (training query, evaluation query, cosine), with the beginnings of both texts."""
    own, other = {q["id"]: q for q in training}, {q["id"]: q for q in queries}
    return [
        {
            "training": first,
            "training_kind": "query",
            "evaluation": second,
            "evaluation_kind": "query",
            "cosine": round(cosine, 4),
            "training_text": extract(own[first]["text"]),
            "evaluation_text": extract(other[second]["text"]),
            "shared": extract(own[first]["text"]),
            "leak": rules.params.embedding_failure <= cosine and rules.holds_out(other[second], own[first].get("fold")),
        }
        for first, second, cosine in similar
        if (own[first]["source"], first) != ("task", second)
    ]
