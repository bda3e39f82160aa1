"""All that MTEB's leaderboard and the FIRE track take of a finished run, in one folder."""

from __future__ import annotations

import hashlib
import re
import shutil
from typing import TYPE_CHECKING, NamedTuple

from mteb.cache import ResultCache

from lexfit.errors import LexfitError
from lexfit.io import write_json, write_text
from lexfit.publishing.answer import training_answer
from lexfit.publishing.eval_results import hub_entries, task_of, write_card, write_entries
from lexfit.publishing.finished_run import META, read_run
from lexfit.publishing.folders import whole_folder
from lexfit.publishing.licences import check_publishable
from lexfit.publishing.model_meta import as_json, as_python, check_repo, make_meta, module_name
from lexfit.publishing.provenance import dvc_hashes
from lexfit.publishing.pull_request import IMPLEMENTATIONS, label_of, pull_request
from lexfit.publishing.trec_run import ranking_of, write_trec_run

if TYPE_CHECKING:
    from pathlib import Path

    from mteb.models.model_meta import ModelMeta
    from mteb.results import TaskResult

    from lexfit.publishing.finished_run import FinishedRun

MANIFEST = "submission.json"


class Submission(NamedTuple):
    """What was written: the folder, its files, the answer to the question about training, and what was left out."""

    folder: Path
    files: list[str]
    answer: list[str]
    notes: list[str]


def write_submission(
    repo: str,
    output: Path,
    *,
    revision: str | None = None,
    release_date: str | None = None,
    training_code: str | None = None,
) -> Submission:
    """Write the folder anew; nothing of it appears unless all of it is right.

    Args:
        repo: The model's name on the Hub, `organisation/name`.
        output: The folder; a former submission in it is replaced.
        revision: The commit on the Hub (40 hex digits); without one, the hash of the weights under which the run filed
            its results.
        release_date: ISO date for the ModelMeta.
        training_code: Address of the training code for the ModelMeta.

    Raises:
        LexfitError: The run isn't whole or contradicts itself, its licences conflict, or an argument is wrong.
    """
    check_repo(repo)
    if revision is not None and not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise LexfitError("--revision", f"{revision!r} is no commit of the Hub", "Give all 40 hex digits")
    run = read_run()
    check_publishable(run.params)
    filed = revision or str(run.meta["revision"])
    meta = make_meta(run, repo, filed, release_date=release_date, training_code=training_code)
    notes = []
    with whole_folder(output, MANIFEST) as folder:
        results = write_results(folder, run, meta)
        labels = {result.task_name: label_of(run, meta, result.task_name) for result in results}
        write_text(folder / IMPLEMENTATIONS / module_name(repo), as_python(meta, run))
        foreign = []
        for result in results:
            task = task_of(result)
            if task is None:
                foreign.append(result.task_name)
            else:
                entries = hub_entries(result, task, labels[result.task_name], str(meta.reference))
                write_entries(folder / ".eval_results" / f"{result.task_name}.yaml", entries)
        if foreign:
            notes.append(
                f"no task of mteb, so not for its results repository and no .eval_results: {', '.join(foreign)}"
            )
        write_card(folder / "model_card.md", meta, results, labels)
        ranking = ranking_of(run)
        if ranking is None:
            notes.append("no ranking in TREC format: the model trained on every query and no fold held one out")
        else:
            write_trec_run(folder / f"{ranking.name}.run", ranking, repo.partition("/")[2])
        write_text(folder / "pull_request.md", pull_request(run, meta, results, labels, foreign))
        files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        write_json(
            folder / MANIFEST,
            {
                "repo": repo,
                "revision": filed,
                "protocol": run.params.protocol.name,
                "commit": run.commit,
                "ranking": None if ranking is None else ranking.title,
                "outputs": dvc_hashes(),
                "files": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files},
            },
        )
    return Submission(output, [*files, MANIFEST], training_answer(run), notes)


def write_results(folder: Path, run: FinishedRun, meta: ModelMeta) -> list[TaskResult]:
    """Copy mteb's files into the layout of its results repository, and return them as mteb loads them from there.

    Raises:
        LexfitError: mteb loads another score than the run's file has, or no result.
    """
    cache = ResultCache(folder)
    for task, path in run.results.items():
        target = cache.get_task_result_path(task, meta)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        write_text(target.with_name(META), as_json(meta))
    loaded: list[TaskResult] = [
        result
        for model in cache.load_results(models=[meta], include_remote=False).model_results
        for result in model.task_results
    ]
    if {result.task_name for result in loaded} != set(run.results):
        names = ", ".join(sorted(set(run.results) - {result.task_name for result in loaded}))
        raise LexfitError("results", f"mteb doesn't load its own result of {names}", "Run `dvc repro`")
    return sorted(loaded, key=lambda result: (result.task_name != run.task, result.task_name))
