"""Spans cropped from documents find them again: the inverse cloze task (Lee et al. 2019, arXiv 1906.00300)."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.corpus.acts.sections import choose_sections, locate_sections, read_sections
from lexfit.corpus.archive import Archive, checked_sha256
from lexfit.corpus.records import Collection, Document, Judgement, Query, validate
from lexfit.corpus.sources import aila_fire
from lexfit.corpus.sources.options import CropOptions, options_of
from lexfit.errors import LexfitError
from lexfit.io import decode_utf8, parse_jsonl

if TYPE_CHECKING:
    from lexfit.config import TrainSourceParams


def _beir_documents(source: TrainSourceParams, key: str) -> tuple[list[Document], dict[str, Any]]:
    if source.path is None:
        raise LexfitError(f"params.yaml: {key}.path", "is null", f"Set `-S {key}.path=FOLDER` (or zip)")
    path = Path(source.path).expanduser()
    archive = Archive(path)
    member = archive.find("corpus.jsonl")
    where = f"{path}/{member}"
    documents: dict[str, Document] = {}
    for line, record in parse_jsonl(decode_utf8(archive.read(member), where), where):
        doc_id, title, text = record.get("_id", record.get("id")), record.get("title", ""), record.get("text")
        if not isinstance(doc_id, str | int) or not isinstance(title, str) or not isinstance(text, str):
            raise LexfitError(f"{where}:{line}", "lacks '_id' or 'text', or one isn't text", "Mend this line")
        if str(doc_id) in documents:
            raise LexfitError(f"{where}:{line}", f"document id {doc_id!r} is given twice", "Give each its own id")
        documents[str(doc_id)] = Document(str(doc_id), title, text)
    return list(documents.values()), {
        "address": f"file:{path.name}",
        "sha256": checked_sha256(path, source.sha256, key),
    }


def _sections(source: TrainSourceParams, key: str) -> tuple[list[Document], dict[str, Any]]:
    path = locate_sections(source.path, f"{key}.path", "training source crops", "")
    digest = checked_sha256(path, source.sha256, key)
    sections, dropped = choose_sections(read_sections(path.read_bytes(), str(path)), None, 1, key)
    documents = [Document(s.id, s.act, f"{s.title}. {s.text}") for s in sections]
    return documents, {
        "address": source.url or f"file:{path.name}",
        "sha256": digest,
        "dropped": {"sections": dict(dropped)},
    }


def corpus_of(source: TrainSourceParams, corpus: str, key: str) -> tuple[list[Document], dict[str, Any]]:
    """The documents to crop, and their address and digest."""
    if corpus == "beir":
        return _beir_documents(source, key)
    if corpus == "central_acts":
        return _sections(source, key)
    release = aila_fire.load(source, key)
    return release.documents, {name: release.facts[name] for name in ("address", "sha256")}


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
    unique = list({d.full_text: d for d in reversed(documents) if d.text.strip()}.values())[::-1]
    dropped = Counter(empty=sum(not d.text.strip() for d in documents))
    dropped["same_text"] = len(documents) - dropped["empty"] - len(unique)
    chosen = unique
    if options.max_documents is not None and options.max_documents < len(unique):
        places = sorted(random.Random(f"{seed}/crops").sample(range(len(unique)), options.max_documents))
        chosen = [unique[place] for place in places]
    dropped["not_drawn"] = len(unique) - len(chosen)
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
        "dropped": {"documents": dict(dropped), "spans": dict(missing)},
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
