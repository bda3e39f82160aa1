"""`lexfit compare`: paired differences, the queries that moved with their rankings, clear refusals."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lexfit.__main__ import main
from lexfit.compose import compose
from lexfit.config import load_params
from lexfit.corpus.records import Collection, Document, Judgement, Query, write_collection
from lexfit.errors import LexfitError
from lexfit.evaluation.runs import write_run
from lexfit.evaluation.significance import permutation_p
from lexfit.io import write_tsv
from lexfit.reporting.systems import find_system
from tests.conftest import REPO
from tests.reporting.test_comparison import add, scored
from tests.selection.test_experiments import git, root

__all__ = ["root"]
BEFORE = {"q0": 0.2, "q1": 0.5, "q2": 0.9, "q3": 0.4}
AFTER = {"q0": 0.9, "q1": 0.5, "q2": 0.6, "q3": 0.5}
DOCUMENTS = [Document(f"d{i}", f"Title {i}", f"text {i}") for i in range(7)]


def finish(root: Path, overrides: list[str] | None = None) -> None:
    """A finished run in the workspace: the untrained model scores `BEFORE`, the fine-tuned one `AFTER`."""
    (root / "params.yaml").write_text(compose(["data=constitution", *(overrides or [])], REPO / "conf"))
    rows = [[q, 0.1, BEFORE[q], AFTER[q], round(AFTER[q] - BEFORE[q], 5)] for q in BEFORE]
    write_tsv(root / "reports/plots/per_query_gain.tsv", ["query_id", "bm25", "untrained", "finetuned", "gain"], rows)
    (root / "reports/metrics.json").write_text(json.dumps({"claim": {"gain": 0.1}}))
    queries = [Query(q, f"the facts of {q} " * 60, "test") for q in BEFORE]
    judgements = [Judgement(q, "d0", 1) for q in BEFORE] + [Judgement(q, "d1", 0) for q in BEFORE]
    write_collection(root / "data/raw/task", Collection(DOCUMENTS, queries, judgements, {"source": "x"}))
    runs = {"mteb_results/run": 0, "baseline/untrained": 3, "baseline/bm25": 5}
    for name, place in runs.items():
        ranking = [d.id for d in DOCUMENTS if d.id != "d0"]
        ranking.insert(place, "d0")
        path = root / f"data/{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_run(path, {q: {d: 7.0 - i for i, d in enumerate(ranking)} for q in BEFORE})


def test_a_run_and_its_baselines_are_compared_by_query(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finish(root)
    main(["compare", "workspace:untrained", "workspace", "workspace:bm25", "--moves", "1", "--output", "out/page.md"])
    page = capsys.readouterr().out
    assert (root / "out/page.md").read_text().strip() == page.strip()
    found = json.loads((root / "out/page.json").read_text())
    first, tuned, bm25 = found["systems"]
    assert (first["ndcg_at_10"]["mean"], tuned["ndcg_at_10"]["mean"]) == (0.5, 0.625)
    assert tuned["difference"]["mean"] == 0.125
    assert (tuned["wins"], tuned["ties"], tuned["losses"]) == (2, 1, 1)
    params = load_params()
    assert tuned["p_value"] == round(permutation_p([0.7, 0.0, -0.3, 0.1], params.evaluation, params.seed), 5)
    assert tuned["p_holm"] >= tuned["p_value"]
    assert bm25["losses"] == 4
    assert "difference" not in first
    assert found["published"] == []
    pair = found["moves"][0]
    assert [move["query"] for move in pair["moves"]] == ["q0", "q2"]
    tops = pair["moves"][0]["top"]
    assert [entry["id"] for entry in tops["workspace"]] == ["d0", "d1", "d2", "d3", "d4"]
    assert [entry["relevant"] for entry in tops["workspace:untrained"]] == [False, False, False, True, False]
    assert "### q0: 0.200 to 0.900, 1 relevant" in page
    assert "**relevant** d0 Title 0" in page
    assert len(next(line for line in page.splitlines() if line.startswith("> "))) <= 602


def test_equal_runs_have_no_moves(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finish(root)
    git("add", "-A")
    git("commit", "-qm", "done")
    main(["compare", "workspace", "HEAD", "--moves", "2"])
    page = capsys.readouterr().out
    assert "No query's score differs." in page
    assert "| 0 / 4 / 0 | 1.0000 |" in page


def test_experiments_on_aila_stand_beside_published_scores(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "data/sources/aila").mkdir(parents=True)
    shutil.copyfile(REPO / "data/sources/aila/published.csv", root / "data/sources/aila/published.csv")
    (root / "params.yaml").write_text(compose([], REPO / "conf"))
    git("add", "-A")
    git("commit", "-qm", "params")
    fifty = {f"q{i}": v for i, v in enumerate([*scored(0.3, 1).values(), *scored(0.2, 2).values()][:50])}
    add(root, "one", fifty, [])
    add(root, "two", {q: v + 0.05 for q, v in fifty.items()}, [])
    main(["compare", "one", "two", "--moves", "0"])
    page = capsys.readouterr().out
    assert "| two | +0.0500 (+0.0500 to +0.0500) | 50 / 0 / 0 |" in page
    assert "| Qwen/Qwen3-Embedding-0.6B | 0.6B | 0.79018 | unknown: " in page
    assert "| sentence-transformers/all-MiniLM-L6-v2 | 22.7M | 0.20516 | clean: " in page
    assert "What moved most" not in page


def test_outputs_of_an_experiment_come_from_the_dvc_cache(root: Path) -> None:
    finish(root)
    dvc = [str(Path(sys.executable).parent / "dvc")]
    subprocess.run([*dvc, "init", "-q"], check=True)
    subprocess.run([*dvc, "add", "-q", "data/mteb_results/run.tsv"], check=True)
    git("add", "-f", "data/mteb_results/run.tsv.dvc", "data/mteb_results/.gitignore", ".dvc", "reports", "params.yaml")
    git("commit", "-qm", "done")
    kept = (root / "data/mteb_results/run.tsv").read_text()
    (root / "data/mteb_results/run.tsv").write_text("query_id\tdoc_id\trank\tscore\n")
    system = find_system("HEAD")
    assert system.output(system.rankings[0]) == kept
    with pytest.raises(LexfitError, match=r"HEAD:bm25: data/baseline/bm25.tsv: isn't in DVC's cache.*dvc pull"):
        find_system("HEAD:bm25").output(find_system("HEAD:bm25").rankings[0])


def test_rankings_of_cross_validation_are_those_of_its_folds(root: Path) -> None:
    finish(root, ["data=aila_fire", "protocol=kfold", "crossval.folds=[0,1]"])
    names = [path.as_posix() for path in find_system("workspace").rankings]
    assert names == ["data/crossval/fold-0/run.tsv", "data/crossval/fold-1/run.tsv"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["workspace"], "got 1 system"),
        (["workspace", "workspace"], "got 1 system"),
        (["workspace", "nowhere"], "nowhere: is no DVC experiment and no commit"),
        (["workspace", "workspace:dense"], "has no method 'dense'"),
        (["workspace", "HEAD"], "HEAD: has no reports/plots/per_query_gain.tsv and no reports/metrics.json"),
        (["workspace", "other"], "other: is scored over 30 queries, workspace over 4, 4 of them the same"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str], names: list[str], message: str
) -> None:
    add(root, "other", scored(0.4, 1), [])
    finish(root)
    with pytest.raises(SystemExit):
        main(["compare", *names])
    assert message in capsys.readouterr().err


def test_a_model_that_saw_all_queries_claims_nothing_to_compare(root: Path) -> None:
    finish(root)
    (root / "reports/metrics.json").write_text(json.dumps({"protocol": "all_labels"}))
    with pytest.raises(LexfitError, match="claims no score"):
        find_system("workspace")
