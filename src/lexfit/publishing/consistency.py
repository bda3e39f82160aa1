"""Whether card, scores and weights are the ones that the pipeline made, and belong together."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import yaml
from huggingface_hub import EvalResult, ModelCard
from huggingface_hub.repocard import REGEX_YAML_BLOCK
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

from lexfit.errors import LexfitError, explained_contents
from lexfit.io import read_json
from lexfit.publishing.card import eval_results, render_card
from lexfit.publishing.folder import CARD, EXPORTED
from lexfit.reporting.metrics import headline_metrics
from lexfit.stages.common import REPORTS, RESULTS
from lexfit.stages.model_card import card_facts
from lexfit.yaml_files import parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from lexfit.config import Params

ANEW = "Write it anew: `dvc repro --force --single-item model_card`"
SCORED = ("ndcg_at_10", "map_at_10", "recall_at_10", "mrr_at_10")  # of mteb's, what the card shows
NEEDED = ("license", "library_name", "pipeline_tag", "model_name", "eval_results")
STAGES = ["model", "mteb_results", "exports", "exports_speed", "model_card"]


def check_card(text: str) -> list[EvalResult]:
    """Parse the card's front matter as the Hub's clients do, and return the scores that it declares.

    Raises:
        LexfitError: It doesn't parse, lacks a field, or names a base model or data set that can't be.
    """
    front = REGEX_YAML_BLOCK.search(text)
    parse_yaml(front[2] if front else "", f"{CARD} (front matter)", ANEW)
    try:
        data: Any = ModelCard(text).data
        for address in [data.base_model, *(data.datasets or [])]:
            validate_repo_id(address)
    except (AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        # HFValidationError is a ValueError; the others are raised for values of other kinds than the Hub's.
        raise LexfitError(str(CARD), f"isn't a valid model card ({' '.join(str(error).split())})", ANEW) from error
    missing = [name for name in NEEDED if not getattr(data, name, None)]
    if missing:
        raise LexfitError(str(CARD), f"says nothing of {', '.join(missing)}", ANEW)
    found: list[EvalResult] = data.eval_results
    return found


def check_unchanged() -> None:
    """Compare weights, results and card with dvc.lock, by DVC's own hashes; its cache isn't needed for that.

    Raises:
        LexfitError: An output was changed by hand, or the card is of another run than model or results are.
    """
    from dvc.exceptions import DvcException  # noqa: PLC0415  (a second to load)
    from dvc.repo import Repo, lock_repo  # noqa: PLC0415

    outs: dict[str, Any] = {}
    deps: dict[str, Any] = {}
    try:
        with Repo() as repo, lock_repo(repo):
            stages = [stage for name in STAGES for stage in repo.stage.collect(name)]
            for stage in stages:
                for out in stage.outs:
                    outs |= out.workspace_status()
            for dep in stages[-1].deps:
                deps |= dep.workspace_status()
    except DvcException as error:
        raise LexfitError("dvc.lock", f"couldn't be compared with the files ({error})", "Run `dvc status`") from error
    if outs:
        remedy = "Bring it back with `dvc checkout` or `dvc repro`"
        raise LexfitError(_told(outs), "isn't what dvc.lock says that the pipeline made", remedy)
    # A change of code alone is no matter: `check_rendered` compares the card with what the code gives now.
    stale = {path: state for path, state in deps.items() if not path.startswith("src/")}
    if stale:
        raise LexfitError(str(CARD), f"was written before a change of {_told(stale)}", ANEW)


def _told(changes: dict[str, Any]) -> str:
    states = {path: state if isinstance(state, str) else "changed" for path, state in changes.items()}
    return ", ".join(f"{path} ({state})" for path, state in sorted(states.items()))


def mteb_file(task: str) -> Path:
    """mteb's own result file of the fine-tuned model."""
    found = sorted((RESULTS / "mteb").rglob(f"{task}.json"))
    if len(found) != 1:
        raise LexfitError(
            str(RESULTS / "mteb"), f"holds {len(found)} files {task}.json, not one", "Run `dvc repro mteb_results`"
        )
    return found[0]


def check_scores(params: Params, card: str, declared: list[EvalResult]) -> None:
    """Compute anew from the result files every score that the card shows.

    The weights' hash must be the revision under which mteb filed its results; mteb's file, scores.json,
    reports/metrics.json and the card must agree.

    Raises:
        LexfitError: Names the file that disagrees.
    """
    scores = read_json(RESULTS / "scores.json")
    remedy = "One of the two was changed by hand, or they are of two runs: `dvc repro --force mteb_results model_card`"
    with explained_contents(str(RESULTS / "scores.json"), remedy):
        file = mteb_file(scores["mteb"]["task"])
        with (EXPORTED / "model.safetensors").open("rb") as stream:
            revision = hashlib.file_digest(stream, "sha256").hexdigest()[:12]
        if file.parent.name != revision:
            raise LexfitError(str(file), f"scores other weights than {EXPORTED}, whose revision is {revision}", remedy)
        own, block = read_json(file)["scores"]["test"][0], scores["mteb"]["methods"]["finetuned"]
        wrong = [m for m in SCORED if not math.isclose(own.get(m, math.nan), block[m], abs_tol=1e-6)]
        if wrong:
            raise LexfitError(f"{RESULTS / 'scores.json'}: mteb", f"{', '.join(wrong)} isn't as in {file}", remedy)
        if read_json(REPORTS / "metrics.json") != headline_metrics(scores):
            raise LexfitError(str(REPORTS / "metrics.json"), f"isn't what {RESULTS / 'scores.json'} gives", remedy)
    for given, expected in zip(declared, eval_results(scores, params), strict=False):
        if given.metric_value != expected.metric_value:
            told = f"declares {given.metric_value} for {given.metric_name}, and it is {expected.metric_value}"
            raise LexfitError(str(CARD), told, ANEW)
    check_rendered(params, card)


def check_rendered(params: Params, card: str) -> None:
    """Render the card anew from the run's files; it may differ in the commit alone, which moves on."""
    texts = (card, render_card(params, card_facts(params)))
    made, rendered = ([line for line in text.splitlines() if not line.startswith("Commit ")] for text in texts)
    for number, (line, expected) in enumerate(zip(made, rendered, strict=False), 1):
        if line != expected:
            raise LexfitError(f"{CARD}: {line[:80]!r}", f"the run's files give {expected[:80]!r} (line {number})", ANEW)
    if len(made) != len(rendered):
        raise LexfitError(str(CARD), f"has {len(made)} lines, and the run's files give {len(rendered)}", ANEW)
