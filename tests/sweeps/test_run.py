"""Whole sweeps over a queue that only pretends: order, early stopping, failures, being taken up, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from lexfit.__main__ import main
from lexfit.compose import compose
from tests.sweeps.conftest import Pretended, git

pytestmark = pytest.mark.usefixtures("root")
SHARED = ["-S", "evaluation.bootstrap=200", "-S", "evaluation.permutations=200"]


def sweep(*arguments: str, space: str = "train.learning_rate: [1.0e-4, 2.0e-4, 3.0e-4]\n") -> dict[str, object]:
    Path("s.yaml").write_text(space)
    main(["sweep", "s.yaml", *SHARED, *arguments])
    return read("s")


def read(name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(Path(f"reports/sweeps/{name}.json").read_text())
    return found


def states(found: dict[str, object]) -> list[str]:
    members = found["members"]
    assert isinstance(members, list)
    return [member["state"] for member in members]


def test_a_grid_runs_with_the_default_and_its_page_names_the_winner(
    pretended: Pretended, capsys: pytest.CaptureFixture[str]
) -> None:
    found = sweep()
    assert [job.name for job in pretended.queued] == ["s-0000", "s-0001", "s-0002", "s-0003"]
    assert pretended.queued[1].part.targets == ("crossval@0", "crossval@1", "crossval@2")
    assert pretended.queued[1].overrides[-1] == "train.learning_rate=0.0001"
    assert states(found) == ["finished"] * 4
    winner = found["winner"]
    assert isinstance(winner, dict)
    assert winner["member"] == "s-0001"
    assert winner["against_default"]["mean"] == pytest.approx(0.1)
    page = Path("reports/sweeps/s.md").read_text()
    assert page in capsys.readouterr().out
    assert "Winner: **s-0001**, 0.5150" in page
    assert "-S 'train.learning_rate=0.0001'" in page
    assert "| **s-0001** | 0.0001 | 0.5150 (" in page
    assert "| s-0000 | default | 0.4150 (" in page
    assert "| finished | 6 |" in page  # seconds, of two stages in the log
    drawing = Path("reports/sweeps/s.svg").read_text()
    assert all(text in drawing for text in ("train.learning_rate", "nDCG@10", "default", "0.0003"))
    assert Path("reports/sweeps/s.png").stat().st_size > 5000


def test_a_failed_member_stops_no_other_and_the_end_says_why(
    pretended: Pretended, capsys: pytest.CaptureFixture[str]
) -> None:
    well = pretended.quality
    pretended.quality = lambda params: "the loss is nan" if params["train"]["learning_rate"] == 2e-4 else well(params)
    with pytest.raises(SystemExit) as ended:
        sweep("-S", "train.learning_rate=5e-5", "-S", "batches.size=8")
    assert ended.value.code == 1
    assert "1 of 4 members failed: s-0002" in capsys.readouterr().err
    found = read("s")
    assert states(found) == ["finished", "finished", "failed", "finished"]
    assert "- s-0002: stage model: the loss is nan" in Path("reports/sweeps/s.md").read_text()
    # The same command tries it again, and nothing else.
    before = len(pretended.queued)
    pretended.quality = well
    again = sweep("-S", "train.learning_rate=5e-5", "-S", "batches.size=8")
    assert [job.name for job in pretended.queued[before:]] == ["s-0002"]
    assert states(again) == ["finished"] * 4


def test_a_setting_that_breaks_a_rule_fails_alone_and_is_not_queued(pretended: Pretended) -> None:
    with pytest.raises(SystemExit):
        sweep(space="train.average_epochs: [1, 9]\n")
    assert [job.name for job in pretended.queued] == ["s-0000", "s-0001"]
    page = Path("reports/sweeps/s.md").read_text()
    assert "- s-0002: conf/: train.average_epochs: is 9, more than the" in page


def test_halving_stops_the_worse_half_and_records_where(pretended: Pretended) -> None:
    found = sweep("--halving", space="train.learning_rate: [1.0e-4, 1.5e-4, 2.0e-4, 3.0e-4]\n")
    names = [job.name for job in pretended.queued]
    assert names[:5] == [f"s-000{number}-1of3" for number in range(5)]
    assert names[5:8] == ["s-0000-2of3", "s-0001-2of3", "s-0002-2of3"]
    assert names[8:] == ["s-0000", "s-0001"]
    assert states(found) == ["finished", "finished", "stopped", "stopped", "stopped"]
    rungs = found["rungs"]
    assert isinstance(rungs, list)
    assert [(rung["done"], rung["of"], rung["stopped"]) for rung in rungs] == [
        (1, 3, ["s-0003", "s-0004"]),
        (2, 3, ["s-0002"]),
    ]
    page = Path("reports/sweeps/s.md").read_text()
    assert "| s-0004 | 0.0003 | 0.3150 | stopped after 1 of 3 folds, threshold 0.4650 | 6 |" in page
    assert "- after 2 of 3 folds the better half went on (1), from a mean of 0.5150; stopped: s-0002" in page


def test_under_kfold_inner_scores_choose(pretended: Pretended) -> None:
    common = ["-S", "data=aila_fire", "-S", "protocol=kfold", "-S", "train.epochs=4", "--halving"]
    found = sweep(*common, space="train.learning_rate: [1.0e-4, 3.0e-4]\n")
    assert pretended.queued[0].part.targets == ("nested@scores",)
    assert [job.name for job in pretended.queued[-2:]] == ["s-0000", "s-0001"]
    assert pretended.params["commit of s-0001-2of4"]["train"]["schedule_epochs"] == 4
    page = Path("reports/sweeps/s.md").read_text()
    assert "inner-fold nDCG@10 of nested cross-validation" in page
    assert "stopped after 1 of 4 epochs" in page
    assert found["rungs"]


def test_a_killed_tpe_sweep_ends_as_one_left_alone(pretended: Pretended) -> None:
    pytest.importorskip("optuna", reason="optuna absent: make setup-sweep")
    ranged = "train.learning_rate: {low: 5.0e-5, high: 5.0e-4, log: true}\n"
    well, tried = pretended.quality, list[float]()

    def fails_once(params: dict[str, dict[str, float]]) -> float | str:
        tried.append(params["train"]["learning_rate"])
        return "no luck" if params["train"]["learning_rate"] > 3e-4 else well(params)

    pretended.quality = fails_once
    with pytest.raises(SystemExit):
        sweep("--sampler", "tpe", "--trials", "12", space=ranged)
    whole = read("s")
    assert "failed" in states(whole)
    # Killed after seven: what was run is there, the rest is proposed anew from it.
    for name in list(pretended.commits):
        if int(name[-4:]) > 7:
            del pretended.commits[name]
    record = Path("reports/sweeps/s.json")
    known = json.loads(record.read_text())
    record.write_text(json.dumps({**known, "members": known["members"][:8], "winner": None}))
    before = len(pretended.queued)
    with pytest.raises(SystemExit):
        sweep("--sampler", "tpe", "--trials", "12", space=ranged)
    assert read("s") == whole
    assert all(int(job.name[-4:]) > 7 for job in pretended.queued[before:])


def test_another_sweep_of_the_same_name_is_refused(pretended: Pretended, capsys: pytest.CaptureFixture[str]) -> None:
    sweep()
    with pytest.raises(SystemExit):
        sweep(space="train.learning_rate: [1.0e-4]\n")
    assert "reports/sweeps/s.json: is of a sweep with another space" in capsys.readouterr().err
    git("commit", "-q", "--allow-empty", "-m", "later")
    with pytest.raises(SystemExit):
        sweep()
    assert "is of a sweep with another commit" in capsys.readouterr().err
    assert len(pretended.queued) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--jobs", "2"], "--jobs 2: would train several members at once"),
        (["--name", "A b"], "--name A b: can't name experiments"),
        (["--trials", "3"], "--trials: goes with random and tpe"),
        (["--sampler", "random", "--trials", "0"], "--trials: is 0"),
        (["--sampler", "tpe", "--halving"], "--halving: stops members of a batch"),
        (["--score", "claim"], "--score claim: is scored on what is claimed or tested"),
    ],
)
def test_what_does_not_go_is_refused_in_a_sentence(
    pretended: Pretended, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit):
        sweep(*arguments)
    assert message in capsys.readouterr().err
    assert not pretended.queued


def test_code_that_is_not_committed_is_refused(pretended: Pretended, capsys: pytest.CaptureFixture[str]) -> None:
    Path("dvc.yaml").write_text("stages: {a: {cmd: b}}\n")
    with pytest.raises(SystemExit):
        sweep()
    assert "git: has changes that aren't committed in dvc.yaml" in capsys.readouterr().err
    assert not pretended.queued


def test_select_writes_the_winner_as_a_recipe_that_composes(
    pretended: Pretended, capsys: pytest.CaptureFixture[str]
) -> None:
    space = "train.learning_rate: [1.0e-4, 3.0e-4]\nadapter: [top1]\n"
    shared = ["-S", "loss=corpus_softmax", "-S", "batches=full", "-S", "negatives=none", "-S", "batches.negatives=0"]
    sweep(*shared, space=space)
    main(["select", "--sweep", "s", "--name", "chosen"])
    assert "Winner: **s-0001**" in capsys.readouterr().out
    text = Path("conf/experiment/chosen.yaml").read_text()
    assert "# Against the default, paired: +0.1000" in text
    params = yaml.safe_load(compose(["experiment=chosen"]))
    assert params == pretended.params["commit of s-0001"]
    with pytest.raises(SystemExit):
        main(["select", "--sweep", "nobody", "--name", "x"])
    assert "reports/sweeps/nobody.json: no such sweep" in capsys.readouterr().err
