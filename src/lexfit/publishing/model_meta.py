"""The model as mteb registers it: a ModelMeta from the run's files, as JSON and as the Python entry."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huggingface_hub import parse_local_safetensors_file_metadata
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]
from mteb.get_tasks import TASK_LIST
from mteb.languages.iso_mappings import _hf_langs_to_iso_lang_scripts
from mteb.models.model_meta import ModelMeta
from mteb.models.sentence_transformer_wrapper import SentenceTransformerEncoderWrapper
from pydantic import ValidationError

from lexfit.errors import LexfitError, explained_contents
from lexfit.io import read_json
from lexfit.publishing.answer import training_answer
from lexfit.publishing.finished_run import FOLDER, WEIGHTS
from lexfit.publishing.licences import licence_of
from lexfit.reporting.markdown import fill

if TYPE_CHECKING:
    from lexfit.publishing.finished_run import FinishedRun

TEMPLATE = Path(__file__).with_name("model_meta.py.j2")
HUB = "https://huggingface.co"


def check_repo(repo: str) -> str:
    """The name of a model on the Hub, `organisation/name`, or a `LexfitError`."""
    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise LexfitError("--repo", str(error).rstrip("."), "Name it ORGANISATION/NAME") from error
    if "/" not in repo:
        raise LexfitError("--repo", f"{repo!r} has no organisation", "Name it ORGANISATION/NAME")
    return repo


def declared_datasets(run: FinishedRun) -> set[str]:
    """mteb's names of what trained the model: by the audit, and by the addresses of what trained on the Hub."""
    task = [] if run.params.protocol.name == "zero_shot" else [run.params.data]
    addresses = {source.hub_id for source in (*task, *run.params.data.train.values())} - {None}
    by_address = {t.metadata.name for t in TASK_LIST if t.metadata.dataset["path"] in addresses}
    return by_address | set(run.audit["training_datasets"])


def public_data(run: FinishedRun) -> str | bool | None:
    """Where everything that trained can be had: the one address, True for several; None if a part has none.

    A file counts as public if params give its address and its hash, and its hash is that.
    """
    params = run.params
    given = {"task": params.data, **params.data.train}
    if params.protocol.name == "zero_shot":
        del given["task"]
    found: set[str] = set()
    for name, source in given.items():
        facts = run.sources[name]
        scheme, _, rest = str(facts["address"]).partition(":")
        if source.source == "synthetic" or facts.get("texts", {}).get("kind") == "independent":
            return None
        if scheme == "hf":
            found.add(f"{HUB}/{rest}")
        elif scheme == "pypi" and "situations" not in facts:
            found.add(f"https://pypi.org/project/{rest}/")
        elif scheme in {"http", "https"}:
            found.add(str(facts["address"]))
        elif source.url is not None and source.sha256 is not None and source.sha256 == facts["sha256"]:
            found.add(source.url)
        else:
            return None
    return next(iter(found)) if len(found) == 1 else True


def read_prompts() -> dict[str, str]:
    """The prompts inside the saved model, if any isn't empty."""
    file = FOLDER / "config_sentence_transformers.json"
    with explained_contents(str(file), "Run `dvc repro --force --single-item model`"):
        prompts = read_json(file).get("prompts") or {}
        return dict(prompts) if any(prompts.values()) else {}


def make_meta(
    run: FinishedRun, repo: str, revision: str, *, release_date: str | None = None, training_code: str | None = None
) -> ModelMeta:
    """mteb's entry for the model.

    Args:
        run: Gives all but the following. What mteb read off the model itself (length, dimension, similarity, embedding
            parameters, frameworks) is taken from the model_meta.json that it wrote in the run.
        repo: Checked by `check_repo`.
        revision: Commit of the repository on the Hub, or the hash of the weights where there is none yet.
        release_date: ISO date, which no file of a run knows; without it mteb takes that of the first commit on the Hub.
        training_code: Address of the code that trained it.

    Raises:
        LexfitError: mteb takes no such language, date or address.
    """
    params = run.params
    tensors = parse_local_safetensors_file_metadata(WEIGHTS).tensors.values()
    languages = _hf_langs_to_iso_lang_scripts(params.card.language)
    if languages is None:
        key = "params.yaml: card.language"
        raise LexfitError(key, f"mteb knows no language {params.card.language!r}", "Write its two-letter code")
    if training_code is not None and not training_code.startswith("https://"):
        raise LexfitError("--training-code", f"{training_code!r} is no address", "Write it as https://…")
    if release_date is not None:
        try:
            datetime.date.fromisoformat(release_date)
        except ValueError as error:
            raise LexfitError("--release-date", f"{release_date!r} is no date", "Write it as 2025-01-31") from error
    prompts, licence = read_prompts(), licence_of(params.card.license)
    measured = ("n_embedding_parameters", "max_tokens", "similarity_fn_name", "modalities", "model_type")
    dimensions = sorted({*params.loss.matryoshka_dims, run.meta["embed_dim"]})
    loader: dict[str, Any] = {"model_prompts": prompts} if prompts else {}
    if params.model.trust_remote_code:
        loader["trust_remote_code"] = True
    values = {
        **{key: run.meta[key] for key in measured},
        "loader": SentenceTransformerEncoderWrapper,
        "loader_kwargs": loader,
        "name": repo,
        "revision": revision,
        "release_date": release_date,
        "languages": languages,
        "n_parameters": sum(tensor.parameter_count for tensor in tensors),
        "memory_usage_mb": round(sum(end - start for start, end in (t.data_offsets for t in tensors)) / 1024**2),
        "embed_dim": dimensions if len(dimensions) > 1 else dimensions[0],
        "license": licence.id,
        "open_weights": True,
        "public_training_code": training_code,
        "public_training_data": public_data(run),
        "framework": [*run.meta["framework"], "safetensors"],
        "reference": f"{HUB}/{repo}",
        "use_instructions": bool(prompts),
        "training_datasets": declared_datasets(run),
        "adapted_from": params.model.hub_id,
    }
    try:
        return ModelMeta(**values)
    except ValidationError as error:
        if not any(problem["loc"][0] == "license" for problem in error.errors()) or not licence.url:
            first = error.errors()[0]
            raise LexfitError(
                f"ModelMeta: {first['loc'][0]}", str(first["msg"]), "Correct it in params.yaml"
            ) from error
    # mteb's list of licences is short; it takes the address of any other's text.
    return ModelMeta(**{**values, "license": licence.url})


def as_json(meta: ModelMeta) -> str:
    """model_meta.json as mteb writes it, sets in order so that the same run gives the same bytes."""
    values = meta.to_dict()
    return json.dumps({**values, "training_datasets": sorted(values["training_datasets"])}, default=str, indent=4)


def module_name(repo: str) -> str:
    """File name of the entry in mteb/models/model_implementations, by the organisation as mteb has them."""
    return f"{_identifier(repo.partition('/')[0])}_models.py"


def as_python(meta: ModelMeta, run: FinishedRun) -> str:
    """The module of the entry; the constructor is mteb's own rendering."""
    variable = _identifier(str(meta.name).partition("/")[2])
    return fill(
        TEMPLATE,
        meta=meta,
        code=meta.to_python(),
        variable=variable,
        answer=training_answer(run),
    )


def _identifier(name: str) -> str:
    word = re.sub(r"\W+", "_", name.lower()).strip("_")
    return word if word[:1].isalpha() else f"model_{word}"
