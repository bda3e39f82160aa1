"""AILACasedocs as MTEB made it from the FIRE 2019 release: the same 50 queries, and the prior cases that they cite."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.corpus.archive import Archive, sha256_of
from lexfit.corpus.records import Collection, Document
from lexfit.corpus.sources.aila_fire import locate, read_judgements, read_queries
from lexfit.corpus.validation import validate
from lexfit.errors import LexfitError
from lexfit.io import decode_utf8

if TYPE_CHECKING:
    from lexfit.config import SourceParams

JUDGEMENTS = "relevance_judgments_priorcases.txt"


def load_casedocs(source: SourceParams, key: str) -> Collection:
    """Case documents that are relevant to a query, whole files, stripped; the queries; their judgements.

    Args:
        source: Its `path`, the environment variable of `aila_fire`, or its `url` has the release.
        key: Where it was asked for.

    Raises:
        LexfitError: The release isn't there, or a file of it is absent or malformed.
    """
    path, address = locate(source, key)
    archive = Archive(path)
    queries, places = read_queries(archive)
    judgements = read_judgements(archive, JUDGEMENTS, places)
    members = {Path(name).name: name for name in archive.names if "/Object_casedocs/" in f"/{name}"}
    documents = []
    relevant = [j for j in judgements if j.score > 0]
    for j in relevant:
        if not re.fullmatch("C[0-9]{1,9}", j.doc_id):
            place = places[f"judgement/{j.query_id}/{j.doc_id}"]
            raise LexfitError(place, f"{j.doc_id!r} is no case document", "Write C and its number")
    for case in sorted({j.doc_id for j in relevant}, key=lambda name: int(name[1:])):
        member = members.get(f"{case}.txt")
        if member is None:
            raise LexfitError(f"{path}/Object_casedocs", f"has no {case}.txt", "Use the whole FIRE release")
        documents.append(Document(case, "", decode_utf8(archive.read(member), f"{path}!{member}").strip()))
        places[f"document/{case}"] = f"{path}!{member}"
    known = {d.id for d in documents}
    facts = {"source": "aila_fire", "address": address, "revision": None, "license": "cc-by-4.0"}
    own = [j for j in judgements if j.doc_id in known]
    return validate(Collection(documents, queries, own, {**facts, "sha256": sha256_of(path)}), places)
