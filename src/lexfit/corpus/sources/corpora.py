"""Corpora without queries that training data are made from, and draws of their documents."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.corpus.acts.sections import choose_sections, locate_sections, read_sections
from lexfit.corpus.archive import Archive, checked_sha256
from lexfit.corpus.records import Document
from lexfit.corpus.sources import aila_fire
from lexfit.errors import LexfitError
from lexfit.io import decode_utf8
from lexfit.jsonl import parse_jsonl

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
    path = locate_sections(source.path, f"{key}.path", f"the training source {key}", "")
    digest = checked_sha256(path, source.sha256, key)
    sections, dropped = choose_sections(read_sections(path.read_bytes(), str(path)), None, 1, key)
    documents = [Document(s.id, s.act, f"{s.title}. {s.text}") for s in sections]
    return documents, {
        "address": source.url or f"file:{path.name}",
        "sha256": digest,
        "dropped": {"sections": dict(dropped)},
    }


def corpus_of(source: TrainSourceParams, corpus: str, key: str) -> tuple[list[Document], dict[str, Any]]:
    """The documents of a corpus, and their address and digest."""
    if corpus == "beir":
        return _beir_documents(source, key)
    if corpus == "central_acts":
        return _sections(source, key)
    release = aila_fire.load(source, key)
    return release.documents, {name: release.facts[name] for name in ("address", "sha256")}


def draw(documents: list[Document], count: int | None, stream: str) -> tuple[list[Document], dict[str, int]]:
    """Up to `count` documents (None: all), in their order, and how many were left out and why.

    Of documents with the same text one is kept.

    Args:
        documents: Of the corpus.
        count: How many are wanted.
        stream: Names the random draw.
    """
    unique = list({d.full_text: d for d in reversed(documents) if d.text.strip()}.values())[::-1]
    empty = sum(not d.text.strip() for d in documents)
    chosen = unique
    if count is not None and count < len(unique):
        places = sorted(random.Random(stream).sample(range(len(unique)), count))
        chosen = [unique[place] for place in places]
    same = len(documents) - empty - len(unique)
    return chosen, {"empty": empty, "same_text": same, "not_drawn": len(unique) - len(chosen)}
