"""`lexfit table` averages over seeds, pairs by query with the first recipe, and refuses what doesn't compare."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from statistics import mean

import pytest

from lexfit.__main__ import main
from lexfit.compose import compose
from lexfit.errors import LexfitError
from lexfit.io import write_tsv
from lexfit.reporting.comparison import read_finished
from tests.conftest import REPO
from tests.selection.test_experiments import COMMON, git, root

__all__ = ["root"]
QUERIES = [f"q{n}" for n in range(30)]


def scored(quality: float, seed: int) -> dict[str, float]:
    """Scores by query: what makes a query hard is the same for all experiments."""
    rng, noise = random.Random(0), random.Random(seed)
    return {q: rng.random() * 0.5 + quality + noise.random() * 0.01 for q in QUERIES}


def add(root: Path, name: str, per_query: dict[str, float], overrides: list[str], fire_map: float = 0.3) -> None:
    """A finished experiment under refs/exps."""
    (root / "params.yaml").write_text(compose([*COMMON, *overrides], REPO / "conf"))
    rows = [[q, 0.1, 0.2, round(v, 5), round(v - 0.2, 5)] for q, v in per_query.items()]
    write_tsv(root / "reports/plots/per_query_gain.tsv", ["query_id", "bm25", "untrained", "finetuned", "gain"], rows)
    metrics = {"protocol": "kfold", "claim": {"gain": 0.1}, "fire2019": {"finetuned_map": fire_map}}
    (root / "reports/metrics.json").write_text(json.dumps(metrics))
    git("add", "-A")
    git("commit", "-qm", name)
    git("update-ref", f"refs/exps/ab/cdef/{name}", "HEAD")
    git("reset", "-q", "--hard", "HEAD~1")


def test_recipes_are_averaged_over_seeds_and_paired_with_the_first(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (42, 43):
        add(root, f"full-{seed}", scored(0.4, seed), [f"seed={seed}"], fire_map=0.3 + seed / 1000)
        add(root, f"hot-{seed}", scored(0.3, seed), ["loss.temperature=0.1", f"seed={seed}"])
    main(["table", "--name", "heat", "--column", "fire2019.finetuned_map=MAP", "full-*", "hot-*"])
    printed = capsys.readouterr().out
    rows = json.loads((root / "reports/comparisons/heat.json").read_text())
    assert [row["recipe"] for row in rows] == [{"loss.temperature": 0.05}, {"loss.temperature": 0.1}]
    by_seed = [mean(scored(0.4, seed).values()) for seed in (42, 43)]
    assert rows[0]["score"]["mean"] == pytest.approx(mean(by_seed), abs=1e-4)
    assert list(rows[0]["by_seed"].values()) == pytest.approx(by_seed, abs=1e-4)
    assert rows[1]["gain"]["mean"] == pytest.approx(-0.1, abs=1e-4)
    assert (rows[1]["better"], rows[1]["equal"], rows[1]["worse"]) == (0, 0, 30)
    assert rows[1]["p_holm"] == rows[1]["p_value"] < 0.001
    assert "p_holm" not in rows[0]
    # Paired: queries differ much more among each other than the recipes do on any of them.
    assert rows[1]["gain"]["high"] - rows[1]["gain"]["low"] < 0.01
    assert rows[0]["score"]["high"] - rows[0]["score"]["low"] > 0.05
    assert rows[0]["metrics"]["fire2019.finetuned_map"] == pytest.approx(0.3425)
    page = (root / "reports/comparisons/heat.md").read_text()
    assert page.strip() == printed.strip()
    assert "| loss.temperature=0.1 | " in page
    assert "| MAP |" in page
    assert "| the recipe itself | " in page
    assert "aila_fire, protocol kfold, each model's own claim." in page


@pytest.mark.parametrize(
    ("queries", "overrides", "message"),
    [
        (QUERIES[:-1], ["loss.temperature=0.1"], "over other queries"),
        (QUERIES, ["loss.temperature=0.1", "seed=7"], r"seeds \[7\], the first recipe under \[42\]"),
    ],
)
def test_what_does_not_compare_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str], queries: list[str], overrides: list[str], message: str
) -> None:
    add(root, "full", scored(0.4, 1), [])
    add(root, "other", {q: v for q, v in scored(0.4, 1).items() if q in queries}, overrides)
    with pytest.raises(SystemExit):
        main(["table", "--name", "x", "full", "other"])
    error = capsys.readouterr().err
    assert error.startswith("ERROR: other: ")
    assert re.search(message, error)
    assert not (root / "reports/comparisons").exists()


def test_unknown_and_unfinished_experiments_are_named(root: Path) -> None:
    with pytest.raises(LexfitError, match="missing-\\*: matches no DVC experiment"):
        read_finished(["missing-*"])
    (root / "note").write_text("x")
    git("add", "-A")
    git("commit", "-qm", "unfinished")
    git("update-ref", "refs/exps/ab/cdef/unfinished", "HEAD")
    with pytest.raises(LexfitError, match="unfinished: has no reports/plots"):
        read_finished(["unfinished"])


def test_a_model_that_trained_on_every_query_is_refused(root: Path) -> None:
    add(root, "contaminated", scored(0.9, 1), [])
    contaminated = {"protocol": "all_labels", "mteb": {"clean": 0}}
    git("checkout", "-q", "refs/exps/ab/cdef/contaminated")
    (root / "reports/metrics.json").write_text(json.dumps(contaminated))
    git("commit", "-qam", "contaminated")
    git("update-ref", "refs/exps/ab/cdef/contaminated", "HEAD")
    with pytest.raises(LexfitError, match="contaminated: claims no score"):
        read_finished(["contaminated"])
