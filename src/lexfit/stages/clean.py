"""Stage clean: repair texts, report duplicates, split long documents into passages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lexfit.corpus.cleaning import cleaner
from lexfit.corpus.duplicates import find_duplicates
from lexfit.corpus.records import read_collection
from lexfit.corpus.splitting import splitter
from lexfit.io import write_json
from lexfit.jsonl import write_jsonl
from lexfit.stages.common import CLEAN, RAW, replacing, run_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lexfit.config import Params
    from lexfit.corpus.records import Collection


def clean_collection(
    raw: Collection, params: Params, split: Callable[[str], list[str]], folder: Path
) -> dict[str, Any]:
    """Write queries.jsonl and passages.jsonl of one collection and return its report.

    Passages are written as they are made; of the cleaned texts one copy is held, for the duplicates.
    """
    documents = cleaner((d.full_text for d in raw.documents), params.clean)
    queries = cleaner((q.text for q in raw.queries), params.clean)
    texts: dict[str, dict[str, str]] = {"documents": {}, "queries": {}}
    counts = {"passages": 0, "split_documents": 0, "longest_words": 0}

    def cleaned_queries() -> Iterator[dict[str, Any]]:
        for query in raw.queries:
            text = texts["queries"][query.id] = queries.clean(query.text)
            yield {"id": query.id, "text": text}

    def cleaned_passages() -> Iterator[dict[str, Any]]:
        for document in raw.documents:
            text = texts["documents"][document.id] = documents.clean(document.full_text)
            passages = split(text)
            counts["passages"] += len(passages)
            counts["split_documents"] += len(passages) > 1
            counts["longest_words"] = max(counts["longest_words"], *(len(p.split()) for p in passages))
            yield {"id": document.id, "passages": passages}

    write_jsonl(folder / "queries.jsonl", cleaned_queries())
    write_jsonl(folder / "passages.jsonl", cleaned_passages())
    threshold, seed = params.clean.near_duplicate, params.seed
    found = {kind: find_duplicates(own, threshold, seed) for kind, own in texts.items()}
    return {
        "documents": documents.report(),
        "queries": queries.report(),
        "duplicates": {kind: [d._asdict() for d in own] for kind, own in found.items()},
        "passages": {"documents": len(raw.documents), **counts},
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
