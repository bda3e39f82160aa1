"""Spans cropped from documents find them again: the inverse cloze task (Lee et al. 2019, arXiv 1906.00300)."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import TYPE_CHECKING

from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.corpus.sources.corpora import corpus_of, draw
from lexfit.corpus.sources.options import CropOptions, options_of
from lexfit.corpus.validation import validate
from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from lexfit.config import TrainSourceParams


def crop(document: Document, options: CropOptions, seed: int) -> tuple[Document, list[str]]:
    """The document without the spans that were removed, and its spans.

    The text is cut into as many equal parts as it gives spans, and each part gives one, its length and place drawn
    evenly. A document too short for all its spans gives fewer, so that `left_words` words are left. Every document
    draws from its own stream: another document more changes no other one's spans.
    """
    rng = random.Random(f"{seed}/crops/{document.id}")
    words = re.findall(r"\S+", document.text)
    count = max(0, min(options.spans, (len(words) - options.left_words) // options.span_max))
    spans, kept, at = [], [], 0
    for part in range(count):
        low, high = part * len(words) // count, (part + 1) * len(words) // count
        length = rng.randint(options.span_min, min(options.span_max, high - low))
        start = rng.randint(low, high - length)
        spans.append(" ".join(words[start : start + length]))
        if rng.random() < options.removed:
            kept += words[at:start]
            at = start + length
    text = " ".join([*kept, *words[at:]]) if count else document.text
    return Document(document.id, document.title, text), spans


def collect(documents: list[Document], options: CropOptions, seed: int) -> Collection:
    """Spans as queries with the documents that they were cropped from; of identical documents one is kept."""
    chosen, dropped = draw(documents, options.max_documents, f"{seed}/crops")
    missing: Counter[str] = Counter(document_short=0, same_text=0)
    cropped: list[Document] = []
    queries: dict[str, Query] = {}
    judgements: list[Judgement] = []
    for document in chosen:
        rest, spans = crop(document, options, seed)
        cropped.append(rest)
        missing["document_short"] += options.spans - len(spans)
        for number, text in enumerate(spans, 1):
            missing["same_text"] += text.casefold() in queries
            query = queries.setdefault(text.casefold(), Query(f"{document.id}/{number}", text, "train"))
            judgements.append(Judgement(query.id, document.id, 1))
    facts = {
        "counts": {"documents_read": len(documents), "spans_asked": options.spans * len(chosen)},
        "dropped": {"documents": dropped, "spans": dict(missing)},
    }
    return Collection(cropped, list(queries.values()), list(dict.fromkeys(judgements)), facts)


def load(source: TrainSourceParams, key: str, seed: int) -> Collection:
    """The collection of the documents that `options.corpus` names, at `path` or where that corpus is looked up."""
    options = options_of(CropOptions, source, key)
    if options.span_min > options.span_max:
        problem = f"is {options.span_min}, and span_max {options.span_max}"
        raise LexfitError(f"params.yaml: {key}.options.span_min", problem, "It must be at most span_max")
    documents, facts = corpus_of(source, options.corpus, key)
    collection = collect(documents, options, seed)
    if not collection.queries:
        raise LexfitError(
            f"params.yaml: {key}.options.left_words",
            f"no document has left_words + span_max = {options.left_words + options.span_max} words",
            "Lower either",
        )
    collection.facts["dropped"] |= facts.pop("dropped", {})
    collection.facts.update(
        source="crops", corpus=options.corpus, revision=source.revision, license=source.license, **facts
    )
    return validate(collection)
