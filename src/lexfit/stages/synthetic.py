"""Stage synthetic: for each `synthetic` source of data.train, have a language model write queries, and filter them."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lexfit.corpus.sources.options import SyntheticOptions, options_of
from lexfit.io import write_json
from lexfit.jsonl import write_jsonl
from lexfit.stages.common import SYNTHETIC, quiet_progress, replacing, run_stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lexfit.config import Params, TrainSourceParams
    from lexfit.corpus.records import Document
    from lexfit.corpus.synthetic import Written

logger = logging.getLogger(__name__)


def ranker(params: Params, documents: list[Document]) -> Callable[[list[Written]], list[int]]:
    """Ranks, by the untrained base model, of texts' documents among `documents`."""

    def rank(texts: list[Written]) -> list[int]:
        from lexfit.evaluation.cached_encoder import cached
        from lexfit.evaluation.dense import dense_run
        from lexfit.training.base_models import load_base_model, prepare_torch

        prepare_torch(params.hardware, params.seed)
        model = cached(load_base_model(params.model, params.hardware, params.runtime), params.runtime)
        queries = {f"{t.document}/{t.number}": t.text for t in texts}
        passages = {d.id: [d.full_text] for d in documents}
        run = dense_run(model, queries, passages, params.evaluation.batch_size, params.runtime.progress)
        scores = [run[f"{t.document}/{t.number}"] for t in texts]
        return [1 + sum(s > own[t.document] for s in own.values()) for t, own in zip(texts, scores, strict=True)]

    return rank


def write_source(params: Params, name: str, source: TrainSourceParams, folder: Path) -> None:
    """Write queries.jsonl, documents.jsonl and facts.json of one source."""
    from lexfit.corpus.sources.corpora import corpus_of, draw
    from lexfit.corpus.synthetic import Written, choose, clean_text, whole_sentences
    from lexfit.training.generation import Generator

    key = f"data.train.{name}"
    options = options_of(SyntheticOptions, source, key)
    everything, origin = corpus_of(source, options.corpus, key)
    documents, undrawn = draw(everything, options.max_documents, f"{params.seed}/synthetic/{name}")
    generator = Generator(params.generator, params.runtime, params.seed)
    texts = []
    for place, document in enumerate(documents, 1):
        words = " ".join(document.text.split()[: options.document_words])
        prompt = params.generator.prompt.format(title=document.title, text=words)
        answers = generator.answers(prompt, options.per_document)
        for number, answer in enumerate(answers, 1):
            texts.append(Written(document.id, number, clean_text(whole_sentences(answer), document.title)))
        if place % 20 == 0 or place == len(documents):
            logger.info("%s: %d of %d documents", name, place, len(documents))
    chosen, dropped = choose(texts, {d.id: d for d in documents}, options, ranker(params, documents))
    logger.info("%s: %d of %d texts kept; dropped: %s", name, len(chosen), len(texts), dropped)
    rows = [
        {"id": f"{t.document}/{t.number}", "document": t.document, "text": t.text, "rank": place} for t, place in chosen
    ]
    generated = {k: v for k, v in asdict(params.generator).items() if k != "model"}
    model = params.generator.model
    facts: dict[str, Any] = {
        "source": "synthetic",
        "corpus": options.corpus,
        **{k: v for k, v in origin.items() if k != "dropped"},
        "generator": {
            "hub_id": model.hub_id,
            "revision": model.revision,
            "gguf_file": model.gguf_file,
            "license": model.license,
            **generated,
            "seed": params.seed,
        },
        "round_trip": {"model": params.model.hub_id, "within": options.within, "of": len(documents)},
        "counts": {"documents": len(documents), "texts": len(texts), "kept": len(chosen)},
        "dropped": {**origin.get("dropped", {}), "documents": undrawn, "queries": dropped},
    }
    write_jsonl(folder / "queries.jsonl", rows)
    write_jsonl(folder / "documents.jsonl", [{"id": d.id, "title": d.title, "text": d.text} for d in documents])
    write_json(folder / "facts.json", facts)


def main(params: Params) -> None:
    """Write data/synthetic; empty where no source asks for it."""
    quiet_progress(params.runtime.progress)
    wanted = {name: source for name, source in params.data.train.items() if source.source == "synthetic"}
    with replacing(SYNTHETIC) as folder:
        write_json(folder / "sources.json", sorted(wanted))
        for name, source in wanted.items():
            write_source(params, name, source, folder / name)


if __name__ == "__main__":
    run_stage("synthetic", main)
