"""A Space's folder as the page that it serves: its statutes and models, checked against what was written down."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lexfit.demo.about import About
from lexfit.demo.examples import Example
from lexfit.demo.page import build_page, launch_options
from lexfit.demo.side_by_side import SideBySide
from lexfit.errors import LexfitError, explained_contents
from lexfit.io import read_json, write_json
from lexfit.jsonl import read_jsonl, write_jsonl
from lexfit.model_checks import whole_weights
from lexfit.search.rankers import Bm25, Dense
from lexfit.search.ranking import Statute

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FACTS, STATUTES, VECTORS, WEIGHTS = "space.json", "statutes.jsonl", "vectors.safetensors", "model.safetensors"
BASE, MODEL = "base", "model"
ANEW = "Run `lexfit space` anew"


def sha256(file: Path) -> str:
    """A file's SHA-256, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_facts(
    folder: Path, about: About, examples: Sequence[Example], demo: SideBySide, model: dict[str, str]
) -> None:
    """Write what `serve_space` reads beside the models.

    Args:
        folder: The Space's.
        about: What the page says.
        examples: Its example cases.
        demo: The statutes, and their vectors, which a small machine would take minutes to make.
        model: `sha256` of the fine-tuned weights, and `repo` and `revision` where they are on the Hub.
    """
    from safetensors.torch import save_file  # noqa: PLC0415  (torch)

    write_jsonl(folder / STATUTES, (asdict(statute) for statute in demo.statutes))
    save_file(demo.vectors, folder / VECTORS)
    facts = {"about": asdict(about), "examples": [example._asdict() for example in examples], "model": model}
    write_json(folder / FACTS, facts | {"files": {name: sha256(folder / name) for name in (STATUTES, VECTORS)}})


def _model(folder: Path, given: dict[str, str]) -> Any:
    from huggingface_hub import hf_hub_download  # noqa: PLC0415
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415  (torch)

    if "repo" in given:
        weights = hf_hub_download(given["repo"], WEIGHTS, revision=given["revision"])
        loaded = SentenceTransformer(given["repo"], revision=given["revision"], device="cpu")
    else:
        weights = str(folder / MODEL / WEIGHTS)
        loaded = SentenceTransformer(str(folder / MODEL), device="cpu")
    with open(weights, "rb") as stream:  # noqa: PTH123
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != given["sha256"]:
        raise LexfitError(weights, "holds other weights than the scores on the page are of", ANEW)
    return loaded


def read_space(folder: Path) -> tuple[SideBySide, About, list[Example]]:
    """What the page needs, from a folder that `lexfit space` wrote.

    Raises:
        LexfitError: The statutes or the weights aren't those that the page's scores are of.
    """
    from safetensors.torch import load_file  # noqa: PLC0415  (torch)
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    facts = read_json(folder / FACTS)
    with explained_contents(str(folder / FACTS), ANEW), whole_weights():
        for name in (STATUTES, VECTORS):
            if sha256(folder / name) != facts["files"][name]:
                raise LexfitError(name, "was changed since the Space was written", ANEW)
        vectors = load_file(folder / VECTORS)
        statutes = [Statute(s["id"], s["title"], tuple(s["passages"])) for s in read_jsonl(folder / STATUTES)]
        base, tuned = SentenceTransformer(str(folder / BASE), device="cpu"), _model(folder, facts["model"])
        for model in (base, tuned):
            model.eval()
        before = Dense(base, statutes, passages=vectors["base.passages"])
        after = Dense(tuned, statutes, passages=vectors["finetuned.passages"])
        demo = SideBySide(Bm25(statutes), before, after, vectors)
        examples = [Example(**{**example, "labels": tuple(example["labels"])}) for example in facts["examples"]]
        return demo, About(**facts["about"]), examples


def serve_space(folder: Path) -> None:
    """Serve the page where the Space's environment says (GRADIO_SERVER_NAME, GRADIO_SERVER_PORT), else on 127.0.0.1."""
    demo, about, examples = read_space(folder)
    if examples:
        demo.compare(examples[0].text)
    build_page(demo, about, examples).launch(**launch_options())
