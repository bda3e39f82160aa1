"""`lexfit space`: the demo as a folder for a Hugging Face Space.

lexfit comes along as source, those modules that the page runs and no others. A Space installs its requirements before
its files are there, so a wheel in the folder could not be installed; and what one reads there is what runs.
"""

from __future__ import annotations

import platform
import re
import shutil
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from huggingface_hub import SpaceCard, SpaceCardData, get_token
from jinja2 import Environment, StrictUndefined

from lexfit.config import load_params
from lexfit.demo.about import About, about
from lexfit.demo.examples import examples
from lexfit.demo.pins import requirements_file
from lexfit.demo.serve import check_gradio, load_side_by_side
from lexfit.demo.space_app import BASE, FACTS, MODEL, WEIGHTS, sha256, write_facts
from lexfit.errors import LexfitError
from lexfit.imports import SOURCE, closure, foreign_imports, with_packages
from lexfit.io import read_text, write_text
from lexfit.publishing.card import HUB_DATASETS
from lexfit.publishing.finished_run import FOLDER, read_run
from lexfit.publishing.folder import written
from lexfit.publishing.folders import whole_folder
from lexfit.publishing.leaks import check_leaks
from lexfit.publishing.licences import YES, check_publishable, licence_of, licence_table
from lexfit.publishing.preflight import check_repo_id
from lexfit.publishing.safe_files import check_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from lexfit.config import Params

ENTRY = "lexfit.demo.space_app"
APP = '''"""The page over the statutes and models that lie beside this file."""

from pathlib import Path

from lexfit.demo.space_app import serve_space

serve_space(Path(__file__).resolve().parent)
'''
ATTRIBUTES = "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"
LICENCE = "LICENSE"


class Reference(NamedTuple):
    """A model on the Hub, at a commit."""

    repo: str
    revision: str


def parse_reference(given: str) -> Reference:
    """`org/name@commit`, with the commit's 40 hex digits: a branch could move away from the scores on the page."""
    repo, _, revision = given.partition("@")
    check_repo_id(repo)
    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise LexfitError(
            f"--model {given}", "names no commit", "Give its 40 hex digits, as `lexfit publish` prints them: org/name@…"
        )
    return Reference(repo, revision)


def check_corpus(name: str, licence: str) -> None:
    """Raise `LexfitError` where the statutes' licence doesn't say that their texts may be passed on."""
    known = licence_of(licence)
    if known.redistribution != YES:
        raise LexfitError(
            f"params.yaml: data ({name})",
            f"{known.id} doesn't say that the statutes' texts may be passed on, and the Space holds them",
            "Use data under a licence that permits it; `lexfit licences` lists those that are known",
        )


def copy_code(folder: Path) -> set[str]:
    """Copy lexfit's modules that the Space runs, and return what else they import."""
    files = with_packages(closure(ENTRY))
    for file in files | {Path(str(resources.files("lexfit.demo") / "style.css"))}:
        target = folder / file.relative_to(SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return foreign_imports(files)


def copy_models(folder: Path, params: Params, reference: Reference | None) -> None:
    """Save the base model, with the prompts and length that it is compared with, and copy the fine-tuned one."""
    from lexfit.training.base_models import load_base_model, prepare_torch  # noqa: PLC0415  (torch)
    from lexfit.training.saving import save_model  # noqa: PLC0415

    prepare_torch(params.hardware, params.seed)
    save_model(load_base_model(params.model, params.hardware, params.runtime), folder / BASE)
    if reference is None:
        shutil.copytree(FOLDER, folder / MODEL)
    for name in (BASE, MODEL) if reference is None else (BASE,):
        check_files(written(folder / name))


def space_card(params: Params, told: About, statutes: int, reference: Reference | None) -> str:
    """README.md: the front matter that configures the Space, and what it is."""
    models = [params.model.hub_id, *([reference.repo] if reference else [])]
    dataset = HUB_DATASETS.get(params.data.source, params.data.hub_id)
    preload: dict[str, Any] = {"preload_from_hub": [f"{reference.repo} * {reference.revision}"]} if reference else {}
    data = SpaceCardData(
        title=f"{told.model}: which statutes apply?",
        colorFrom="gray",
        colorTo="indigo",
        sdk="gradio",
        sdk_version=metadata.version("gradio"),
        python_version=".".join(platform.python_version_tuple()[:2]),
        app_file="app.py",
        license=licence_of(params.card.license).id,
        pinned=False,
        short_description="Facts of a case in, statutes ranked three ways",
        models=models,
        datasets=[dataset] if dataset else None,
        tags=["legal", "statute-retrieval", "sentence-transformers"],
        **preload,
    )
    text = (resources.files("lexfit.demo") / "space.md.j2").read_text(encoding="utf-8")
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    body = environment.from_string(text).render(
        about=told, statutes=statutes, reference=reference, licence_rows=licence_table(params)
    )
    return str(SpaceCard(f"---\n{data.to_yaml()}\n---\n\n{body}")).rstrip() + "\n"


def write_space(target: Path, model: str | None, say: Callable[[str], None]) -> None:
    """Write the last run's demo as a Space; the folder appears whole or not at all.

    Args:
        target: New, empty, or an earlier Space, which is replaced.
        model: `org/name@commit` of the fine-tuned model on the Hub; without one it lies in the folder.
        say: Gets a line for each check that holds.

    Raises:
        LexfitError: Gradio isn't installed, the run isn't whole, a licence doesn't permit it, or a text holds a secret
            or a path of this machine.
    """
    check_gradio()
    reference = None if model is None else parse_reference(model)
    params = load_params()
    run = read_run()
    corpus = run.sources["task"]
    check_publishable(params)
    check_corpus(params.data.source, corpus["license"])
    say("licences permit it")
    told = about(params, run.scores, corpus)
    given = {"sha256": sha256(FOLDER / WEIGHTS), **(reference._asdict() if reference else {})}
    with whole_folder(target, FACTS) as folder:
        copy_models(folder, params, reference)
        say("weights as safetensors, no code among them")
        demo = load_side_by_side()
        write_facts(folder, told, examples(params.data.source), demo, given)
        foreign = copy_code(folder)
        write_text(folder / "app.py", APP)
        write_text(folder / "requirements.txt", requirements_file(foreign))
        write_text(folder / ".gitattributes", ATTRIBUTES)
        write_text(folder / "README.md", space_card(params, told, len(demo.statutes), reference))
        write_text(folder / LICENCE, read_text(SOURCE.parent / LICENCE))
        files = written(folder)
        check_leaks(files, get_token())
        say("no secret and no machine path")
        size = sum(path.stat().st_size for path in files.values())
    say(f"\n{target}: {len(files)} files, {size / 2**20:.0f} MiB")
    say(f"try it   cd {target} && python app.py\npublish  hf upload ORG/NAME {target} . --repo-type=space")
