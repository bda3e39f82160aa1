"""Stage clean: repair texts, report duplicates, split long documents into passages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lexfit.corpus.cleaning import clean_texts
from lexfit.corpus.duplicates import find_duplicates
from lexfit.corpus.records import read_collection
from lexfit.corpus.splitting import splitter
from lexfit.io import write_json, write_jsonl
from lexfit.stages.common import CLEAN, RAW, replacing, run_stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lexfit.config import Params
    from lexfit.corpus.records import Collection


def clean_collection(
    raw: Collection, params: Params, split: Callable[[str], list[str]], folder: Path
) -> dict[str, Any]:
    """Write queries.jsonl and passages.jsonl of one collection and return its report."""
    documents, document_report = clean_texts([d.full_text for d in raw.documents], params.clean)
    queries, query_report = clean_texts([q.text for q in raw.queries], params.clean)
    passages = [split(text) for text in documents]
    write_jsonl(folder / "queries.jsonl", ({"id": q.id, "text": t} for q, t in zip(raw.queries, queries, strict=True)))
    write_jsonl(
        folder / "passages.jsonl",
        ({"id": d.id, "passages": p} for d, p in zip(raw.documents, passages, strict=True)),
    )
    threshold, seed = params.clean.near_duplicate, params.seed
    duplicates = {
        "documents": find_duplicates(dict(zip((d.id for d in raw.documents), documents, strict=True)), threshold, seed),
        "queries": find_duplicates(dict(zip((q.id for q in raw.queries), queries, strict=True)), threshold, seed),
    }
    return {
        "documents": document_report,
        "queries": query_report,
        "duplicates": {kind: [d._asdict() for d in found] for kind, found in duplicates.items()},
        "passages": {
            "documents": len(passages),
            "passages": sum(map(len, passages)),
            "split_documents": sum(len(p) > 1 for p in passages),
            "longest_words": max(len(p.split()) for ps in passages for p in ps),
        },
    }


def main(params: Params) -> None:
    """Clean each collection of data/raw into data/clean under the same name."""
    split = splitter(params.clean, params.model)
    summary = {}
    with replacing(CLEAN) as target:
        for folder in [RAW / "task", *(RAW / "further" / name for name in sorted(params.data.train))]:
            name = folder.relative_to(RAW)
            summary[str(name)] = clean_collection(read_collection(folder), params, split, target / name)
        write_json(target / "summary.json", summary)


if __name__ == "__main__":
    run_stage("clean", main)
