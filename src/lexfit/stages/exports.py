"""Stage exports: other forms of the finished model and smaller vectors, and what each costs in nDCG@10."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from lexfit.corpus.records import read_collection
from lexfit.evaluation.subset import part_of_task
from lexfit.io import write_json, write_tsv
from lexfit.jsonl import read_jsonl
from lexfit.stages.common import EXPORTS, MODEL, RAW, RESULTS, TRAIN, quiet_progress, replacing, run_stage

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from lexfit.config import Params
    from lexfit.corpus.records import Collection
    from lexfit.exports.cuts import Cut
    from lexfit.exports.scores import PerQueryNdcg

FOLDER = MODEL / "sentence_transformer"


def calibration_texts(params: Params) -> list[str]:
    """Documents that trained, `exports.calibration` of them; no query and, under zero_shot, nothing of the task."""
    texts = sorted({d["text"] for d in read_jsonl(TRAIN / "documents.jsonl")})
    return random.Random(params.seed).sample(texts, min(params.exports.calibration, len(texts)))


def load_whole(params: Params) -> SentenceTransformer:
    """The saved model on the CPU, embeddings kept."""
    from sentence_transformers import SentenceTransformer

    from lexfit.evaluation.cached_encoder import cached
    from lexfit.training.base_models import prepare_torch

    prepare_torch(params.hardware, params.seed)
    return cached(SentenceTransformer(str(FOLDER), device="cpu"), params.runtime)


def scored(encoder: Any, collection: Collection, batch_size: int) -> PerQueryNdcg:
    """nDCG@10 by query as mteb computes it."""
    from lexfit.evaluation.benchmark import benchmark
    from lexfit.evaluation.tasks import make_task
    from lexfit.exports.scores import ndcg_by_query

    with TemporaryDirectory() as scratch:
        return ndcg_by_query(benchmark(encoder, make_task(collection), Path(scratch), batch_size).per_query)


def cuts_of(params: Params, model: SentenceTransformer) -> list[Cut]:
    """The cuts that params ask for."""
    from lexfit.exports.cuts import wanted_cuts

    dim = model.get_embedding_dimension()
    trained = [size for size in params.loss.matryoshka_dims if size < dim]
    dims = sorted({*(dim // n for n in params.exports.truncations), *trained}, reverse=True)
    if not params.exports.truncations:
        dims = []
    return wanted_cuts(dim, dims, params.exports.precisions)


def score_cuts(
    params: Params, model: SentenceTransformer, collection: Collection, calibration: list[str]
) -> dict[str, PerQueryNdcg]:
    """nDCG@10 by cut and query."""
    from lexfit.exports.cuts import CutEncoder, ranges_of

    cuts = cuts_of(params, model)
    if not cuts:
        return {}
    ranges = ranges_of(model.encode_document(calibration))
    batch = params.evaluation.batch_size
    return {c.name: scored(CutEncoder(model, c, ranges, f"lexfit/{c.name}", "cut"), collection, batch) for c in cuts}


def score_forms(params: Params, collection: Collection, folder: Path) -> dict[str, PerQueryNdcg]:
    """nDCG@10 by exported form and query, each through its own runtime."""
    from lexfit.evaluation.benchmark import as_encoder
    from lexfit.exports.forms import forms_of
    from lexfit.exports.sessions import load_export

    found = {}
    for form in forms_of(params.exports.backends):
        model = load_export(FOLDER, folder / form.file, form.backend, params.hardware.threads)
        encoder = as_encoder(model, f"lexfit/{form.name}", "export")
        found[form.name] = scored(encoder, collection, params.evaluation.batch_size)
    return found


def main(params: Params) -> None:
    """Write data/exports: summary.json, per_query.tsv and, with backends, a folder that they load."""
    quiet_progress(params.runtime.progress)
    wanted = params.exports
    with replacing(EXPORTS) as folder:
        if not (wanted.backends or wanted.truncations or wanted.precisions):
            write_json(folder / "summary.json", {"whole": None, "cuts": {}, "forms": {}})
            return
        model, calibration = load_whole(params), calibration_texts(params)
        collection = part_of_task(read_collection(RAW / "task"), params.evaluation, params.seed)
        cuts, forms = score_cuts(params, model, collection, calibration), {}
        if wanted.backends:
            from lexfit.exports.forms import check_same, forms_of, write_forms

            exported = folder / "sentence_transformer"
            write_forms(model, FOLDER, exported, wanted.backends, calibration)
            forms_made, threads = forms_of(wanted.backends), params.hardware.threads
            check_same(model, FOLDER, exported, forms_made, texts=calibration, threads=threads)
            forms = score_forms(params, collection, exported)
        write_summary(params, model, folder, cuts, forms)


def write_summary(
    params: Params,
    model: SentenceTransformer,
    folder: Path,
    cuts: dict[str, PerQueryNdcg],
    forms: dict[str, PerQueryNdcg],
) -> None:
    """Write scores and sizes beside the whole model's, whose scores are those of stage mteb_results."""
    from lexfit.exports.forms import forms_of
    from lexfit.exports.packages import versions
    from lexfit.exports.scores import MTEB_NAME, against

    whole = {row["query_id"]: row[MTEB_NAME] for row in read_jsonl(RESULTS / "per_query.jsonl")}
    exported = folder / "sentence_transformer"
    dim = model.get_embedding_dimension()

    def costs(own: PerQueryNdcg) -> dict[str, Any]:
        return against(own, whole, params.evaluation, params.seed)

    summary = {
        "whole": {
            "ndcg_at_10": round(sum(whole.values()) / len(whole), 5),
            "queries": len(whole),
            "dim": dim,
            "vector_bytes": 4 * dim,
            "bytes": (FOLDER / "model.safetensors").stat().st_size,
        },
        "cuts": {
            c.name: {
                "dim": c.dim,
                "precision": c.precision,
                "symmetric": c.symmetric,
                "vector_bytes": c.bytes,
                **costs(cuts[c.name]),
            }
            for c in cuts_of(params, model)
        },
        "forms": {
            f.name: {
                "backend": f.backend,
                "precision": f.precision,
                "file": f.file,
                "bytes": f.size(exported),
                "versions": versions(f.backend),
                **costs(forms[f.name]),
            }
            for f in forms_of(params.exports.backends)
        },
    }
    write_json(folder / "summary.json", summary)
    scores = {**cuts, **forms}
    rows = [[q, whole[q], *(own[q] for own in scores.values())] for q in whole]
    write_tsv(folder / "per_query.tsv", ["query_id", "whole", *scores], rows)


if __name__ == "__main__":
    run_stage("exports", main)
