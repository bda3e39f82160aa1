"""The FIRE 2019 AILA release (Zenodo 4063986), as a zip or a folder.

A document is its whole file, stripped, labels included; a query is the text after `||`. So MTEB's
AILAStatutes follows from it: its 82 documents are those judged relevant to at least one query.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from lexfit.corpus.archive import Archive, sha256_of
from lexfit.corpus.records import Collection, Document, Judgement, Query
from lexfit.corpus.validation import validate
from lexfit.errors import LexfitError, explained_disk_errors
from lexfit.io import decode_utf8

if TYPE_CHECKING:
    from lexfit.config import SourceParams

ENVIRONMENT = "LEXFIT_AILA_FIRE"
CACHE = Path("data/cache")


def fetch(url: str, key: str) -> Path:
    """Download `url` into the cache once and return the file."""
    target = CACHE / Path(url).name
    if target.exists():
        return target
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        with (
            explained_disk_errors(target),
            urllib.request.urlopen(url, timeout=30) as response,
            tempfile.NamedTemporaryFile(dir=CACHE, delete=False) as stream,
        ):
            shutil.copyfileobj(response, stream)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise LexfitError(
            f"params.yaml: {key}.url",
            f"{url} can't be fetched ({error})",
            f"Download the release by hand and name it: `-S {key}.path=FILE` or the environment variable {ENVIRONMENT}",
        ) from error
    Path(stream.name).replace(target)
    return target


def locate(source: SourceParams, key: str) -> tuple[Path, str]:
    """The release's path and its address without machine paths: `path`, then the environment, then `url`."""
    given = source.path or os.environ.get(ENVIRONMENT)
    if given:
        path = Path(given).expanduser()
        if not path.exists():
            which = f"params.yaml: {key}.path" if source.path else f"environment variable {ENVIRONMENT}"
            raise LexfitError(which, f"{given} does not exist", f"Set `-S {key}.path=` to the zip or folder")
        return path, f"file:{path.name}"
    if source.url is None:
        raise LexfitError(f"params.yaml: {key}.path", "neither path nor url is set", f"Set `-S {key}.path=FILE`")
    return fetch(source.url, key), source.url


def read_queries(archive: Archive) -> tuple[list[Query], dict[str, str]]:
    """The release's queries, and the file and line of each."""
    name = archive.find("Query_doc.txt")
    where = f"{archive.path}!{name}"
    queries, places = [], {}
    for number, line in enumerate(decode_utf8(archive.read(name), where).splitlines(), 1):
        if not line.strip():
            continue
        query_id, separator, text = line.partition("||")
        if not separator:
            raise LexfitError(f"{where}:{number}", "has no `||` between id and text", "Mend this line")
        queries.append(Query(query_id.strip(), text.strip()))
        places[f"query/{query_id.strip()}"] = f"{where}:{number}"
    return queries, places


def read_judgements(archive: Archive, file: str, places: dict[str, str]) -> list[Judgement]:
    """All judgements of a file, 0 and 1; where each stands is added to `places`."""
    name = archive.find(file)
    where = f"{archive.path}!{name}"
    judgements = []
    for number, line in enumerate(decode_utf8(archive.read(name), where).splitlines(), 1):
        if not line.strip():
            continue
        cells = line.split()
        if len(cells) != 4 or cells[3] not in {"0", "1"}:
            raise LexfitError(f"{where}:{number}", "is not `query Q0 document 0|1`", "Mend this line")
        judgements.append(Judgement(cells[0], cells[2], int(cells[3])))
        places[f"judgement/{cells[0]}/{cells[2]}"] = f"{where}:{number}"
    return judgements


def load(source: SourceParams, key: str) -> Collection:
    """197 statutes, 50 queries and all judgements: bpref needs the negative ones, the track those of S58."""
    path, address = locate(source, key)
    if source.sha256 and (found := sha256_of(path)) != source.sha256:
        raise LexfitError(
            f"params.yaml: {key}.sha256",
            f"{path.name} has sha256 {found}",
            "Fetch the right file or correct the key",
        )
    archive = Archive(path)
    names = [name for name in archive.names if re.search(r"(^|/)Object_statutes/S[0-9]{1,9}\.txt$", name)]
    names.sort(key=lambda name: int(Path(name).stem[1:]))
    documents = [Document(Path(n).stem, "", decode_utf8(archive.read(n), f"{path}!{n}").strip()) for n in names]
    places = {f"document/{Path(n).stem}": f"{path}!{n}" for n in names}
    queries, query_places = read_queries(archive)
    places |= query_places
    judgements = read_judgements(archive, "relevance_judgments_statutes.txt", places)
    known = {d.id for d in documents}
    # S58 is judged relevant but has no file in the release: kept for the track's measures, never ranked.
    missing = sorted({j.doc_id for j in judgements} - known)
    if documents and missing != ["S58"][: len(missing)]:
        first = next(j for j in judgements if j.doc_id in missing and j.doc_id != "S58")
        raise LexfitError(
            places[f"judgement/{first.query_id}/{first.doc_id}"],
            f"judgement for unknown document id {first.doc_id!r}",
            "Add that statute's file or remove the judgement",
        )
    facts = {
        "source": "aila_fire",
        "address": address,
        "revision": source.revision,
        "license": source.license,
        "sha256": sha256_of(path),
    }
    return validate(Collection(documents, queries, judgements, facts, missing), places)
