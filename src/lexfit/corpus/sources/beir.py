"""Any retrieval data in BEIR layout: corpus.jsonl, queries.jsonl, qrels/<split>.tsv, local or on the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexfit.corpus.archive import Archive, sha256_of
from lexfit.corpus.records import Collection, parse_collection
from lexfit.errors import LexfitError
from lexfit.io import decode_utf8
from lexfit.jsonl import parse_jsonl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lexfit.config import SourceParams


def _local(source: SourceParams, path: Path, key: str) -> Collection:
    if not path.exists():
        raise LexfitError(f"params.yaml: {key}.path", f"{path} does not exist", f"Set `-S {key}.path=FOLDER`")
    digest = sha256_of(path)
    if source.sha256 and digest != source.sha256:
        raise LexfitError(
            f"params.yaml: {key}.sha256", f"{path.name} has sha256 {digest}", "Correct the data or the key"
        )
    archive = Archive(path)

    def text(name: str) -> tuple[str, str]:
        member = archive.find(name)
        where = f"{path}/{member}"
        return decode_utf8(archive.read(member), where), where

    def records(name: str) -> tuple[Iterator[tuple[int, dict[str, Any]]], str]:
        member = archive.find(name)
        where = f"{path}/{member}"
        return parse_jsonl(archive.lines(member), where), where

    qrels = []
    for split in [source.split, *([source.train_split] if source.train_split else [])]:
        role = "test" if split == source.split else "train"
        qrels.append((role, *text(f"qrels/{split}.tsv")))
    facts = {
        "source": "beir",
        "address": f"file:{path.name}",
        "revision": source.revision,
        "license": source.license,
        "sha256": digest,
    }
    return parse_collection(records("corpus.jsonl"), records("queries.jsonl"), qrels, facts)


def load(source: SourceParams, key: str) -> Collection:
    """The collection of a folder or zip (`path`) or of a Hub data set (`hub_id` at `revision`).

    Queries judged in `qrels/<split>.tsv` are test queries, those in `qrels/<train_split>.tsv` train ones.
    """
    if source.path is not None:
        return _local(source, Path(source.path).expanduser(), key)
    if source.hub_id is None:
        raise LexfitError(
            f"params.yaml: {key}.path",
            "neither path nor hub_id is set",
            f"Add `-S {key}.path=FOLDER` or `-S {key}.hub_id=ID`",
        )
    from lexfit.corpus.sources.hub import load_hub  # noqa: PLC0415  (imports `datasets`)

    return load_hub(source, key)
