"""Metrics, table and figures say what the scores say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lexfit.reporting.figures import draw_gain, draw_methods, draw_training
from lexfit.reporting.metrics import headline_metrics
from lexfit.reporting.table import summary_table
from tests.publishing.test_card import facts


def scores(protocol: str = "holdout") -> dict[str, Any]:
    found: dict[str, Any] = facts(protocol)["scores"]
    return found


def test_metrics_are_few_and_those_of_the_scores() -> None:
    metrics = headline_metrics(scores())
    assert metrics["claim"]["finetuned_ndcg_at_10"] == 0.4321
    assert metrics["claim"]["gain_low"] == 0.05
    assert metrics["mteb"] == {
        "bm25_ndcg_at_10": 0.12345,
        "untrained_ndcg_at_10": 0.12345,
        "finetuned_ndcg_at_10": 0.12345,
        "clean": 1,
    }
    by_task = {"change_by_task": {"docstrings": -0.0146}}
    assert metrics["retention"] == {"base": 0.78, "tuned": 0.7654, "change": -0.0146} | by_task
    assert "claim" not in headline_metrics(scores("all_labels"))
    unmeasured = {**scores(), "retention": {"tasks": {}, "mean": None}}
    assert "retention" not in headline_metrics(unmeasured)


def held_out_scores() -> dict[str, Any]:
    """Scores of a zero-shot run: no folds, the FIRE track beside the claim, held-out queries of a training source."""
    found = scores("zero_shot")
    kinds = dict.fromkeys(("all", "seen", "unseen"), found["crossval"])
    fire = {**found["crossval"], "methods": {m: {**b, "bpref": 0.02} for m, b in found["crossval"]["methods"].items()}}
    return {**found, "crossval": None, "held_out": {"citations": kinds}, "fire2019": fire}


def test_metrics_of_held_out_sources_and_of_the_fire_track_are_named_apart() -> None:
    metrics = headline_metrics(held_out_scores())
    assert "crossval" not in metrics
    assert metrics["held_out"]["citations"]["unseen"]["gain"] == scores()["crossval"]["gain"]["mean"]
    assert metrics["fire2019"]["finetuned_bpref"] == 0.02
    assert "held_out" not in headline_metrics(scores()) and "fire2019" not in headline_metrics(scores())


def test_table_names_what_held_out_queries_are_scored_on(tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text(json.dumps(held_out_scores()))
    text = summary_table(tmp_path / "scores.json")
    assert "held-out queries of citations, documents never a target" in text
    assert "FIRE 2019 task 2" in text and "none of them trained on" in text
    assert "out of fold" not in text


def test_table_shows_methods_intervals_protocol_and_paths(tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text(json.dumps(scores()))
    text = summary_table(tmp_path / "scores.json")
    for expected in (
        "protocol holdout",
        "baseline (untrained)",
        "BM25",
        "fine-tuned",
        "0.4321",
        "0.1000 to 0.9000",
        "retention on docstrings: mean nDCG@10 0.7800 before, 0.7654 after fine-tuning (-0.0146)",
        "reports/model_card.md",
    ):
        assert expected in text


def test_figures_are_pngs_with_the_same_bytes_each_time(tmp_path: Path) -> None:
    training = [{"step": str(i), "loss": str(3 / i)} for i in range(1, 30)]
    gains = [{"query_id": "a", "gain": "0.5"}, {"query_id": "b", "gain": "-0.1"}]
    methods = [
        {"method": m, "ndcg_at_10": "0.4", "low": "0.3", "high": "0.5"} for m in ("bm25", "untrained", "finetuned")
    ]
    for run in ("1", "2"):
        draw_training(training, tmp_path / run / "a.png")
        draw_gain(gains, tmp_path / run / "b.png")
        draw_methods(methods, tmp_path / run / "c.png")
    for name in ("a.png", "b.png", "c.png"):
        data = (tmp_path / "1" / name).read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert data == (tmp_path / "2" / name).read_bytes()


def test_figures_are_drawings_that_take_the_pages_colour_too(tmp_path: Path) -> None:
    training = [{"step": str(i), "loss": str(3 / i)} for i in range(1, 30)]
    gains = [{"query_id": "a", "gain": "0.5"}, {"query_id": "b", "gain": "-0.1"}]
    methods = [
        {"method": m, "ndcg_at_10": "0.4", "low": "0.3", "high": "0.5"} for m in ("bm25", "untrained", "finetuned")
    ]
    for run in ("1", "2"):
        draw_training(training, tmp_path / run / "a.svg", "First training")
        draw_gain(gains, tmp_path / run / "b.svg")
        draw_methods(methods, tmp_path / run / "c.svg")
    for name in ("a.svg", "b.svg", "c.svg"):
        text = (tmp_path / "1" / name).read_text()
        assert text == (tmp_path / "2" / name).read_text()
        root = ElementTree.fromstring(text)
        words = [element for element in root.iter() if element.tag.endswith("}text")]
        assert words
        assert {element.get("fill") for element in words} == {"currentColor"}
        assert "#000000" not in text
        assert "matplotlib.org" not in text
        assert not re.search(r"20\d\d-\d\d-\d\d", text)
    assert "First training" in (tmp_path / "1/a.svg").read_text()
