"""A finished run as what is published needs it: read from its files, which must be whole and agree with one another."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lexfit.config import load_params
from lexfit.corpus.protocols import claims
from lexfit.errors import LexfitError, explained_contents
from lexfit.evaluation.scoring import finite
from lexfit.io import read_json, read_text
from lexfit.publishing.lock import check_outputs, check_params, lineage, read_stages
from lexfit.stages.common import AUDIT, CROSSVAL, EVAL, MODEL, MTEB_TASKS, RAW, REPORTS, RESULTS, RETENTION, TRAIN

if TYPE_CHECKING:
    from pathlib import Path

    from lexfit.config import Params

FOLDER = MODEL / "sentence_transformer"
WEIGHTS = FOLDER / "model.safetensors"
CARD, AUDIT_REPORT, SCORES = REPORTS / "model_card.md", REPORTS / "audit.json", RESULTS / "scores.json"
META = "model_meta.json"
READ = (RAW, EVAL, TRAIN, AUDIT, AUDIT_REPORT, MODEL, RETENTION, MTEB_TASKS, RESULTS, CARD)
AGAIN = "Run `dvc repro`, so that all files are of one run"
AILA = "AILAStatutes"


@dataclass(frozen=True)
class FinishedRun:
    """A run's params and what its stages wrote.

    `sources` has source.json by the source's name (`task` for the task's own), `results` mteb's result file by task,
    `meta` what mteb wrote of the model beside them, `folds` the folds whose rankings are the claim, `commit` what the
    card says of the code.
    """

    params: Params
    scores: dict[str, Any]
    audit: dict[str, Any]
    pairs: dict[str, Any]
    sources: dict[str, dict[str, Any]]
    results: dict[str, Path]
    meta: dict[str, Any]
    folds: list[int]
    commit: str

    @property
    def task(self) -> str:
        """mteb's name of the task that the run is about."""
        return str(self.scores["mteb"]["task"])


def read_run() -> FinishedRun:
    """The run whose files lie in the working directory.

    Raises:
        LexfitError: A stage hasn't run, a file is absent or isn't what its stage wrote, params have changed since, or
            scores, audit, protocol and model contradict one another.
    """
    params = load_params()
    folds = params.crossval.folds if params.protocol.name == "kfold" and params.crossval.run else []
    stages = read_stages()
    names = lineage(
        stages, ["model_card", "audit", "retention", "mteb_tasks", "mteb_results", *(f"crossval@{k}" for k in folds)]
    )
    check_params(stages, names)
    check_outputs(stages, [*READ, *(CROSSVAL / f"fold-{k}" for k in folds)])
    results, meta = result_files(params)
    sources = {name: read_json(RAW / "further" / name / "source.json") for name in sorted(params.data.train)}
    run = FinishedRun(
        params,
        read_json(SCORES),
        read_json(AUDIT_REPORT),
        read_json(EVAL / "summary.json"),
        {"task": read_json(RAW / "task" / "source.json"), **sources},
        results,
        meta,
        folds,
        commit_in(read_text(CARD)),
    )
    with explained_contents(f"{SCORES} or {AUDIT_REPORT}", AGAIN):
        _check_part(run.scores["part"])
        check_labels(run)
        check_scores(run)
    return run


def _check_part(part: dict[str, Any] | None) -> None:
    if part is not None:
        raise LexfitError(
            "params.yaml: evaluation",
            f"a drawn part was evaluated, {part['queries']} of {part['of_queries']} queries",
            "Run it whole, `dvc exp run -S evaluation=standard`: scores of a part aren't the benchmark's",
        )


def commit_in(card: str) -> str:
    """The commit that made the run, from its card: that of the working copy may be a later one."""
    found = re.search(r"^Commit (.+)\.$", card, re.MULTILINE)
    if found is None:
        raise LexfitError(str(CARD), "names no commit under “Provenance”", AGAIN)
    return found[1]


def result_files(params: Params) -> tuple[dict[str, Path], dict[str, Any]]:
    """mteb's result files of the model by task, those of other and retention tasks included, and its model_meta.json.

    Raises:
        LexfitError: There is none, or one is filed under another model, another task or twice.
    """
    found: dict[str, Path] = {}
    revision = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:12]
    own = (f"lexfit/{params.card.name}", revision)
    expected = {
        RESULTS / "mteb": own,
        MTEB_TASKS / "mteb" / "finetuned": own,
        RETENTION / "mteb": ("lexfit/retention", "tuned"),
    }
    for folder, model in expected.items():
        for path in sorted((folder / "results").glob("*/*/*.json")):
            with explained_contents(str(path), AGAIN):
                _check_filed(path, model)
                if path.name != META and (read_json(path)["task_name"] != path.stem or path.stem in found):
                    wrong = (
                        f"is also at {found[path.stem]}" if path.stem in found else "holds the result of another task"
                    )
                    raise LexfitError(str(path), wrong, AGAIN)
            if path.name != META:
                found[path.stem] = path
    metas = sorted((RESULTS / "mteb" / "results").glob(f"*/*/{META}"))
    if len(metas) != 1 or not found:
        raise LexfitError(str(RESULTS / "mteb"), f"holds results of {len(metas)} models, not of one", AGAIN)
    return found, read_json(metas[0])


def _check_filed(path: Path, model: tuple[str, str]) -> None:
    named = read_json(path.with_name(META))
    if (named["name"], named["revision"]) != model:
        other = f"{named['name']} ({named['revision']})"
        raise LexfitError(
            str(path), f"is a result of {other}, and the model of this run is {model[0]} ({model[1]})", AGAIN
        )


def check_labels(run: FinishedRun) -> None:
    """Raise `LexfitError` where the protocol and what scores and audit say of it contradict one another."""
    protocol, scores, audit = run.params.protocol.name, run.scores, run.audit
    for where, said in (
        (SCORES, scores),
        (AUDIT_REPORT, audit),
        (AUDIT / "verdict.json", read_json(AUDIT / "verdict.json")),
    ):
        if said["protocol"] != protocol:
            raise LexfitError(str(where), f"is of protocol {said['protocol']}, and params.yaml says {protocol}", AGAIN)
    if audit["leaks"]:
        raise LexfitError(str(AUDIT_REPORT), f"tells of {audit['leaks']} leaks that {protocol} forbids", AGAIN)
    if scores["corpus_seen"] != audit["corpus_seen"]:
        raise LexfitError(str(SCORES), f"says another corpus_seen than {AUDIT_REPORT}", AGAIN)
    mteb, claim = scores["mteb"], scores["claim"]
    if (mteb["clean"], mteb["label"]) != claims(protocol, "task"):
        raise LexfitError(str(SCORES), f"calls {mteb['task']} “{mteb['label']}”, which {protocol} doesn't say", AGAIN)
    if protocol in {"zero_shot", "holdout", "fire2019"}:
        claimed = claim is not None and (claim["clean"], claim["label"]) == claims(protocol, "test")
    else:
        claimed = (claim is None) if protocol == "all_labels" else (claim is not None and claim["clean"])
    if not claimed:
        raise LexfitError(str(SCORES), f"makes a claim that protocol {protocol} doesn't make", AGAIN)
    trained = AILA in audit["training_datasets"]
    if run.task == AILA and trained is (protocol == "zero_shot"):
        raise LexfitError(
            str(AUDIT_REPORT),
            f"{'declares' if trained else 'does not declare'} {AILA} as trained on, against protocol {protocol}",
            AGAIN,
        )


def check_scores(run: FinishedRun) -> None:
    """Raise `LexfitError` where scores.json gives another score of the task than the file that mteb wrote."""
    path = run.results.get(run.task)
    if path is None:
        raise LexfitError(str(RESULTS / "mteb"), f"has no result of {run.task}", AGAIN)
    written = finite(read_json(path)["scores"]["test"][0])
    # mteb rounds to six digits when it writes.
    if written != {name: round(value, 6) for name, value in run.scores["mteb"]["methods"]["finetuned"].items()}:
        raise LexfitError(str(path), f"has other scores than {SCORES}", AGAIN)
