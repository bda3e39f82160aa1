"""METHODS.md holds the numbers of the result files and no others, and says which file is missing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lexfit.errors import LexfitError
from lexfit.reporting.markdown import fill, table
from lexfit.reporting.methods import ABLATION, PAGE, SELECTION, SPEED, write_methods
from tests.conftest import REPO


def cost(cpu: float, score: float, steps: int = 9) -> dict[str, object]:
    return {"cpu_seconds": cpu, "wall_seconds": cpu / 2, "peak_mib": 1234, "ndcg_at_10": score, "steps": steps}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    ends = {"low": 0.3711, "high": 0.4911}
    recipes: list[dict[str, object]] = [{"adapter.top_layers": n, "train.interpolation": 1.0} for n in (1, 2)]
    selection = {
        "data": "aila_fire", "pool": "judged", "protocol": "kfold", "model": "m", "hardware": "cpu", "dtype": "float32",
        "folds": 5, "seeds": [42, 43], "queries": 50,
        "nested": {
            "mean": 0.4321, **ends, "by_seed": {"42": 0.43, "43": 0.4342}, "per_query": {"a": 0.5, "b": 0.25},
        },
        "unnested": {"mean": 0.4444, **ends, "optimism": 0.0123},
        "members": [
            {
                "recipe": recipe, "trained_parameters": 3_700_000, "steps": 12, "inner": 0.41,
                "outer": {"mean": 0.4444 - i / 100, **ends}, "chosen_in_outer_folds": 5, "winner": i == 0,
            }
            for i, recipe in enumerate(recipes)
        ],
    }  # fmt: skip
    machine = {"processor": "p", "cores": 2, "python": "3"}
    row = {
        "method": "a | b",
        "ndcg_at_10": 0.3999,
        **ends,
        "by_seed": {"42": 0.4},
        "cpu_seconds_of_five_folds": 321.4,
        "steps_a_fold": 12,
        "gain": {"mean": 0.1, "low": 0.05, "high": 0.15},
        "per_query": {"a": 0.25, "b": 0.125},
    }
    ablation = {"seeds": [42], "folds": 5, "hardware": "cpu", "rows": [row], "machine": machine}
    step = {"cpu_seconds_per_step": 3.5, "peak_mib": 900}
    ratios = {"steps_per_cpu_second_to_stock": 2.75, "peak_memory_to_stock": 0.875}
    reached = {"tried": [cost(30, 0.3), cost(50, 0.35)], "times_less_cpu": 15.0}
    steps = {"stock": step, "lexfit": {**step, **ratios}, "lexfit_without_trunk_cache": {**step, **ratios}}
    same = {"stock": cost(750, 0.343), "lexfit": {"cpu": reached}}
    speed = {
        "fold": 0, "seed": 42, "machine": machine, "to_the_same_score": same, "like_with_like": {"cpu": steps},
    }  # fmt: skip
    (tmp_path / "params.yaml").write_text((REPO / "params.yaml").read_text())
    for path, value in ((SELECTION, selection), (ABLATION, ablation), (SPEED, speed)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))
    return tmp_path


def test_numbers_come_from_the_files(results: Path) -> None:
    write_methods()
    page = PAGE.read_text()
    assert "**0.432 (0.371 to 0.491)**" in page
    assert "+0.0123" in page
    assert "+0.188 (+0.125 to +0.250)" in page  # the gain by query, paired
    assert "**15.0 times less CPU**" in page
    assert page.count("times less CPU") == 1
    assert "| cpu | lexfit | 3.50 | 2.75 | 900 | 0.88 |" in page
    assert "a \\| b" in page
    for figure in re.findall(r"\]\((methods/\w+\.png)\)", page):
        assert (results / "reports" / figure).stat().st_size > 1000
    before = page
    changed = json.loads(SELECTION.read_text())
    changed["nested"]["mean"] = 0.4567
    SELECTION.write_text(json.dumps(changed))
    write_methods()
    assert PAGE.read_text() != before
    assert "**0.457 (" in PAGE.read_text()


def test_a_score_that_was_not_reached_claims_no_ratio(results: Path) -> None:
    speed = json.loads(SPEED.read_text())
    speed["to_the_same_score"]["lexfit"]["cpu"]["times_less_cpu"] = None
    SPEED.write_text(json.dumps(speed))
    write_methods()
    assert "times less CPU" not in PAGE.read_text()


def test_a_missing_file_is_named(results: Path) -> None:
    ABLATION.unlink()
    with pytest.raises(LexfitError, match=r"ablation\.json"):
        write_methods()
    assert not PAGE.exists()


def test_a_template_with_a_missing_value_is_an_error(tmp_path: Path) -> None:
    from jinja2 import UndefinedError

    (tmp_path / "t.j2").write_text("{{ absent }}")
    with pytest.raises(UndefinedError):
        fill(tmp_path / "t.j2")
    assert table(["a"], [["1"]]) == "| a |\n| --- |\n| 1 |"
