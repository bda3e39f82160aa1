"""A run is published from only if its files are whole, of one model and agree on what was trained on."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lexfit.config import Params
from lexfit.errors import LexfitError
from lexfit.io import read_json
from lexfit.publishing.finished_run import FinishedRun, check_labels, check_scores, commit_in, read_run, result_files
from lexfit.publishing.submission import write_submission
from tests.stages.workspace import Workspace


@contextlib.contextmanager
def changed(path: Path, data: bytes | None) -> Iterator[None]:
    """A file with other bytes, or none, for as long as the block runs; those of before come back."""
    before = path.read_bytes()
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(before)


@pytest.fixture
def inside(zero_shot: Workspace, run: FinishedRun) -> Path:
    """The project's folder, in which the test runs."""
    assert Path.cwd() == zero_shot.root
    return zero_shot.root


def refused(match: str) -> None:
    """The command writes nothing and says why."""
    with pytest.raises(LexfitError, match=match):
        write_submission("acme/statutes", Path("refused"))
    assert not list(Path().glob("*refused*"))
    assert not list(Path().glob(".refused*"))


def result_of(root: Path) -> Path:
    return next(root.glob("data/mteb_results/mteb/results/*/*/AILAStatutes.json"))


def test_a_whole_run_is_read(run: FinishedRun, inside: Path) -> None:
    assert run.task == "AILAStatutes"
    assert {task: path.parts[1] for task, path in run.results.items()} == {
        "AILAStatutes": "mteb_results",
        "NFCorpus": "retention",
        "NQ": "retention",
        "SCIDOCS": "mteb_tasks",
    }
    assert run.commit in (inside / "reports/model_card.md").read_text()
    assert set(run.sources) == {"task", "beir"}


def test_a_better_score_written_by_hand_is_refused(inside: Path) -> None:
    file = result_of(inside)
    better = file.read_text().replace('"main_score": 0.', '"main_score": 0.9')
    assert better != file.read_text()
    with changed(file, better.encode()):
        refused(r"data/mteb_results: isn't what stage mteb_results wrote: its hash is \w+\.dir, and dvc\.lock has \w+")


def test_a_result_that_is_gone_is_refused(inside: Path) -> None:
    with changed(result_of(inside), None):
        refused("data/mteb_results: isn't what stage mteb_results wrote")


@pytest.mark.parametrize(
    "name", ["reports/model_card.md", "reports/audit.json", "data/model/summary.json", "data/raw/task/qrels.tsv"]
)
def test_any_file_edited_by_hand_is_refused(inside: Path, name: str) -> None:
    with changed(inside / name, (inside / name).read_bytes() + b"\n"):
        refused("isn't what stage (model_card|audit|model|raw) wrote")


def test_an_output_that_is_gone_is_refused(inside: Path) -> None:
    with changed(inside / "reports/audit.json", None):
        refused(r"reports/audit\.json: no such file")


def test_params_of_another_run_are_refused(inside: Path) -> None:
    text = (inside / "params.yaml").read_text()
    with changed(inside / "params.yaml", text.replace("name: zero_shot\n", "name: all_labels\n").encode()):
        refused(r"params\.yaml: protocol\S* (is 'all_labels' and was 'zero_shot'|has changed since)")
    with changed(inside / "params.yaml", text.replace("progress: false", "progress: true").encode()):
        assert read_run().task == "AILAStatutes"  # `runtime` changes no result


def test_results_of_a_model_before_the_last_training_are_refused(zero_shot: Workspace, tmp_path: Path) -> None:
    """As after `dvc repro model` alone: every file is as its stage wrote it, and the scores are of older weights."""
    shutil.copytree(zero_shot.root, tmp_path / "copy", symlinks=True)
    copy = Workspace(tmp_path / "copy", {})
    weights = copy.root / "data/model/sentence_transformer/model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.unlink()
    weights.write_bytes(data)
    copy.run("dvc", "commit", "-f", "model")
    with contextlib.chdir(copy.root):
        refused(r"dvc\.lock: stage \w+ has read another data/model than the one that stage model wrote last")
        # Without the lock's word for it, the weights' hash under which mteb filed the result tells.
        with pytest.raises(LexfitError, match=r"model_meta\.json|AILAStatutes\.json: is a result of"):
            result_files(read_params())


def read_params() -> Params:
    from lexfit.config import load_params

    return load_params()


def test_a_folder_in_which_nothing_ran_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: Path
) -> None:
    shutil.copy(inside / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    refused(r"dvc\.lock: no such file: nothing has run here")
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    refused(r"dvc\.lock: has no stage \S+ it hasn't run")
    (tmp_path / "dvc.lock").write_text("schema: [\n")
    refused(r"dvc\.lock: isn't a lock file of DVC")


@pytest.mark.parametrize("second", ["NFCorpus", "AILAStatutes"])
def test_a_result_filed_twice_or_under_another_tasks_name_is_refused(inside: Path, second: str) -> None:
    folder = inside / "data/retention/mteb/results/lexfit__retention/tuned"
    file = folder / f"{'AILAStatutes' if second == 'AILAStatutes' else 'SciFact'}.json"
    shutil.copyfile(result_of(inside) if second == "AILAStatutes" else folder / f"{second}.json", file)
    try:
        with pytest.raises(LexfitError, match=r"is also at data/mteb_results|holds the result of another task"):
            result_files(read_params())
    finally:
        file.unlink()


def with_scores(run: FinishedRun, **changes: Any) -> FinishedRun:
    return replace(run, scores={**run.scores, **changes})


CONTRADICTIONS: dict[str, Callable[[FinishedRun], FinishedRun]] = {
    "is of protocol kfold, and params.yaml says zero_shot": lambda run: with_scores(run, protocol="kfold"),
    "calls AILAStatutes “contaminated": lambda run: with_scores(
        run, mteb={**run.scores["mteb"], "clean": False, "label": "contaminated: so it says"}
    ),
    "makes a claim that protocol zero_shot doesn't make": lambda run: with_scores(run, claim=None),
    "says another corpus_seen than": lambda run: with_scores(run, corpus_seen={"documents": 0, "of": 8}),
    "tells of 2 leaks that zero_shot forbids": lambda run: replace(run, audit={**run.audit, "leaks": 2}),
    "declares AILAStatutes as trained on, against protocol zero_shot": lambda run: replace(
        run, audit={**run.audit, "training_datasets": ["AILAStatutes"]}
    ),
    "audit.json: is of protocol holdout": lambda run: replace(run, audit={**run.audit, "protocol": "holdout"}),
}


@pytest.mark.parametrize("said", CONTRADICTIONS)
def test_a_contradiction_between_protocol_scores_and_audit_is_refused(run: FinishedRun, said: str) -> None:
    check_labels(run)
    with pytest.raises(LexfitError) as caught:
        check_labels(CONTRADICTIONS[said](run))
    assert said in str(caught.value)


def test_a_model_trained_on_the_queries_must_declare_it(kfold: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(kfold.root)
    run = read_run()
    with pytest.raises(LexfitError, match="does not declare AILAStatutes as trained on, against protocol kfold"):
        check_labels(replace(run, audit={**run.audit, "training_datasets": []}))
    with pytest.raises(LexfitError, match="makes a claim that protocol kfold doesn't make"):
        check_labels(with_scores(run, claim=None))


def test_scores_other_than_mtebs_file_are_refused(run: FinishedRun) -> None:
    check_scores(run)
    methods = run.scores["mteb"]["methods"]
    better = {**methods, "finetuned": {**methods["finetuned"], "ndcg_at_10": 0.99}}
    with pytest.raises(LexfitError, match=r"AILAStatutes\.json: has other scores than data/mteb_results/scores\.json"):
        check_scores(with_scores(run, mteb={**run.scores["mteb"], "methods": better}))


def test_a_model_that_its_licences_keep_from_being_published_is_refused(
    inside: Path, run: FinishedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = run.params.data.train
    closed = replace(train["beir"], license="cc-by-nc-4.0")
    params = replace(run.params, data=replace(run.params.data, train={"beir": closed}))
    monkeypatch.setattr("lexfit.publishing.submission.read_run", lambda: replace(run, params=params))
    refused(r"card\.license: the model isn't publishable")


def test_the_commit_is_the_one_that_the_card_names() -> None:
    assert commit_in("Text.\nCommit abc, with uncommitted changes to src/x.py.\n") == (
        "abc, with uncommitted changes to src/x.py"
    )
    with pytest.raises(LexfitError, match="names no commit"):
        commit_in("# A card\n")


def test_the_task_must_have_a_result(run: FinishedRun) -> None:
    with pytest.raises(LexfitError, match="has no result of AILAStatutes"):
        check_scores(replace(run, results={"NQ": run.results["NQ"]}))


def test_audit_and_scores_are_the_files_own(run: FinishedRun, inside: Path) -> None:
    assert run.audit == read_json(inside / "reports/audit.json")
    assert run.scores == json.loads((inside / "data/mteb_results/scores.json").read_text())
