"""Central Acts as training data: what statute law says about itself makes queries, its sections are the documents."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from lexfit.corpus.acts.definitions import definition_sections, definition_texts, definitions_of
from lexfit.corpus.acts.drafts import Draft, Relation, draw, merged
from lexfit.corpus.acts.references import cross_references
from lexfit.corpus.acts.sections import choose_sections, locate_sections, neighbours, read_sections
from lexfit.corpus.acts.titles import titles
from lexfit.corpus.archive import checked_sha256
from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.corpus.sources.options import CentralActOptions, options_of
from lexfit.corpus.validation import validate
from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lexfit.config import TrainSourceParams
    from lexfit.corpus.acts.definitions import Definition
    from lexfit.corpus.acts.sections import Section

logger = logging.getLogger(__name__)

ADDRESS = "https://github.com/Svetozar-Technologies/indian-law"
POINT, RELATED, BESIDE = 2, 1, 0


def find_file(source: TrainSourceParams, key: str) -> Path:
    """The file of sections: `path`, or else the environment's."""
    return locate_sections(source.path, f"{key}.path", f"training source {source.source}", "")


def relations(
    sections: list[Section], found: list[Definition], options: CentralActOptions, seed: int
) -> tuple[dict[str, Relation], dict[str, list[Draft]]]:
    """The drafts of each kind, drawn by `seed`, and all drafts by text, the undrawn ones too."""
    beside = neighbours(sections, options.neighbours)
    makers = {
        "titles": lambda: titles(sections, beside),
        "cross_references": lambda: cross_references(sections, beside, options.max_positives, options.passage_words),
        "definitions": lambda: definition_sections(found, beside),
        "definition_texts": lambda: definition_texts(sections, found, options.neighbours, options.min_words),
    }
    whole: dict[str, Relation] = {kind: merged(makers[kind](), options.max_positives) for kind in options.kinds}
    by_text: dict[str, list[Draft]] = defaultdict(list)
    for relation in whole.values():
        for draft in relation.drafts:
            by_text[draft.text.casefold()].append(draft)
    drawn: dict[str, Relation] = {
        kind: draw(relation, options.max_queries, seed, kind) for kind, relation in whole.items()
    }
    for kind, relation in drawn.items():
        of = len(whole[kind].drafts)
        logger.info("central_acts: %d of %d %s queries (seed %d)", len(relation.drafts), of, kind, seed)
    return drawn, by_text


def judge(drafts: Iterable[Draft], by_text: dict[str, list[Draft]], pool: set[str] | None) -> list[Judgement]:
    """2 for what a query's relation points to, 1 for what is relevant too, 0 for what stands beside the former.

    Args:
        drafts: The queries.
        by_text: All drafts by text, case folded: what answers a query of the same text is relevant too.
        pool: The corpus; none if it is whatever is judged 2 or 0, and nothing joins for being related alone.
    """
    chosen = list(drafts)
    if pool is None:
        pool = {d for draft in chosen for d in (*draft.positives, *draft.near)}
    judgements = []
    for draft in chosen:
        same = [d for other in by_text[draft.text.casefold()] for d in (*other.positives, *other.related)]
        related = dict.fromkeys(d for d in (*draft.related, *same) if d in pool and d not in draft.positives)
        judgements += [Judgement(draft.id, d, POINT) for d in draft.positives]
        judgements += [Judgement(draft.id, d, RELATED) for d in related]
        judgements += [Judgement(draft.id, d, BESIDE) for d in draft.near if d not in related]
    return judgements


def collect(sections: list[Section], options: CentralActOptions, seed: int, facts: dict[str, Any]) -> Collection:
    """Documents, queries and judgements of the chosen kinds.

    A document begins with its Act's name; the section's title follows unless titles are queries.
    """
    found = [item for section in sections for item in definitions_of(section)] if options.defines else []
    drawn, by_text = relations(sections, found, options, seed)
    drafts = [draft for relation in drawn.values() for draft in relation.drafts]
    titled = "titles" not in options.kinds
    documents = [Document(s.id, s.act, f"{s.title}. {s.text}" if titled else s.text) for s in sections]
    if "definition_texts" in options.kinds:
        documents += [Document(d.id, d.act, d.text) for d in found if d.text]
    known = {d.id for d in documents}
    judgements = judge(drafts, by_text, known if options.corpus == "all" else None)
    judgements = [j for j in judgements if j.doc_id in known]
    judged = {j.doc_id for j in judgements}
    kept = documents if options.corpus == "all" else [d for d in documents if d.id in judged]
    facts["counts"] = {
        **facts["counts"],
        "definitions": len(found),
        "candidates": {kind: relation.candidates for kind, relation in drawn.items()},
        "queries_by_kind": {kind: len(relation.drafts) for kind, relation in drawn.items()},
    }
    facts["dropped"] |= {kind: dict(sorted(relation.dropped.items())) for kind, relation in drawn.items()}
    facts["dropped"]["documents"] = {"not_judged": len(documents) - len(kept)}
    return Collection(kept, [Query(d.id, d.text, "train") for d in drafts], judgements, facts)


def load(source: TrainSourceParams, key: str, seed: int) -> Collection:
    """The collection of the file of sections at `path`, or else where the environment variable says.

    What each filter drops is counted in the facts: `dropped` by kind and reason, beside `counts`.
    """
    options = options_of(CentralActOptions, source, key)
    path = find_file(source, key)
    digest = checked_sha256(path, source.sha256, key)
    every = list(read_sections(path.read_bytes(), str(path)))
    sections, dropped = choose_sections(every, options.acts, options.min_words, f"params.yaml: {key}.options.acts")
    facts: dict[str, Any] = {
        "source": "central_acts",
        "address": source.url or ADDRESS,
        "revision": source.revision,
        "license": source.license,
        "sha256": digest,
        "counts": {"sections_read": len(every), "sections": len(sections), "acts": len({s.act for s in sections})},
        "dropped": {"sections": dict(sorted(dropped.items()))},
    }
    collection = collect(sections, options, seed, facts)
    if not collection.queries:
        raise LexfitError(f"params.yaml: {key}.options", "leave no query", "Add kinds or acts, or raise max_positives")
    return validate(collection)
