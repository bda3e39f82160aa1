"""The report of a finished run: its numbers come from its files, it is the same each time, it needs no network."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from lexfit.config import load_params
from lexfit.evaluation.significance import mean_interval
from lexfit.report.facts import negative_results, report_facts
from lexfit.report.ledger import Ledger
from lexfit.report.page import render_html, render_markdown
from lexfit.reporting.cost import record_cost
from lexfit.stages import report
from tests.publishing.finished import finished_run
from tests.stages.workspace import Workspace

DIGITS = re.compile(r"(?<![\w.,:/#-])[+-]?\d+\.\d+(?![\w.])")
PROTOCOLS = ("zero_shot", "kfold", "fire2019", "all_labels")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> dict[str, Workspace]:
    """A finished run under each protocol."""
    base = tmp_path_factory.mktemp("reported")
    further = {"zero_shot": ["data/train=beir", "data.train.beir.path=cases", "data.train.beir.license=cc-by-4.0"]}
    return {
        name: finished_run(base / name, tiny_model, [f"protocol={name}", *further.get(name, [])]) for name in PROTOCOLS
    }


@pytest.fixture(params=PROTOCOLS)
def inside(request: pytest.FixtureRequest, runs: dict[str, Workspace]) -> Iterator[Path]:
    """The working directory is a finished run's."""
    root = runs[request.param].root
    with contextlib.chdir(root):
        yield root


def value(data: Any, key: str) -> Any:
    """What a dotted key names; names with dots in them aren't looked up."""
    for part in key.split("."):
        data = data[int(part)] if isinstance(data, list) else data[part]
    return data


def test_each_number_is_what_its_file_says_under_its_key(inside: Path) -> None:
    ledger = Ledger()
    text = render_markdown(report_facts(load_params(), ledger), ledger)
    looked_up = 0
    for entry in ledger.entries:
        assert entry.file in ledger.files
        if " " in entry.key or not entry.file.endswith((".json", ".yaml")):
            continue
        found = value(yaml.safe_load((inside / entry.file).read_text()), entry.key)
        looked_up += 1
        if isinstance(found, int | float) and not isinstance(found, bool):
            digits = entry.text.replace(",", "")
            given = float(digits.rstrip("%")) / (100 if digits.endswith("%") else 1)
            places = len(digits.rstrip("%").partition(".")[2]) + (2 if digits.endswith("%") else 0)
            assert given == pytest.approx(found, abs=0.5001 * 10**-places), entry
        else:
            assert entry.text == str(found)
    assert looked_up > 60
    assert text.count("\n## ") >= 13


def test_no_decimal_stands_in_the_text_that_is_not_in_the_ledger(inside: Path) -> None:
    ledger = Ledger()
    text = render_markdown(report_facts(load_params(), ledger), ledger)
    body, log = text.partition("\n## 12 ")[0], Path("reports/LOG.md").read_text()
    quoted = "\n".join(line for line in body.splitlines() if line.startswith("> "))
    printed = " ".join(entry.text for entry in ledger.entries)
    unknown = set(DIGITS.findall(body)) - set(DIGITS.findall(printed)) - set(DIGITS.findall(quoted))
    assert not {number for number in unknown if number not in printed}, unknown
    assert all(" ".join(line.split()) in " ".join(log.split()) for _, line in negative_results(log))


def test_the_same_files_give_the_same_bytes(inside: Path) -> None:
    report.main(load_params())
    first = {name: (inside / "reports" / name).read_bytes() for name in ("report.md", "report.html")}
    report.main(load_params())
    assert {name: (inside / "reports" / name).read_bytes() for name in first} == first


class Links(HTMLParser):
    """Addresses that a page would fetch, and its visible headings."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        if tag in {"img", "script", "iframe"}:
            self.fetched.append(str(values.get("src")))
        if tag == "link":
            self.fetched.append(str(values.get("href")))


def test_the_page_is_one_file_that_fetches_nothing(inside: Path) -> None:
    report.main(load_params())
    page = (inside / "reports/report.html").read_text()
    links = Links()
    links.feed(page)
    assert links.fetched
    assert all(address.startswith("data:image/png;base64,") for address in links.fetched)
    assert "url(" not in page
    assert "script" not in links.tags
    assert "摘要" in page
    for number, title in ((1, "数据与许可"), (5, "结果"), (10, "审计"), (13, "数字来源")):
        assert re.search(rf'<h2 id="s{number}">{number} [^<]*{title}</h2>', page)


def test_markup_in_texts_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    page = render_html("# T\n\n> <script>alert(1)</script> <img src=x>\n", tmp_path, "<b>T</b>")
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "<title>&lt;b&gt;T&lt;/b&gt;</title>" in page


def test_a_run_without_a_claim_says_so(runs: dict[str, Workspace]) -> None:
    with contextlib.chdir(runs["all_labels"].root):
        ledger = Ledger()
        text = render_markdown(report_facts(load_params(), ledger), ledger)
    assert "this run makes no claim: contaminated" in text
    assert "No query of a claim to analyse." in text


def test_gains_by_length_are_those_of_the_queries(runs: dict[str, Workspace]) -> None:
    from lexfit.report.analysis import Analysis

    with contextlib.chdir(runs["zero_shot"].root):
        params = load_params()
        analysis = Analysis(params, Ledger())
        rows = analysis.by_length()
        tuned, untrained = (analysis.systems[m].per_query for m in ("finetuned", "untrained"))
        words = {q: len(analysis.task.queries[q].split()) for q in tuned}
        low, high = map(int, rows[0][0].split(" to "))
    shortest = sorted(words, key=lambda q: (words[q], q))[: int(rows[0][1])]
    assert (words[shortest[0]], words[shortest[-1]]) == (low, high)
    gain = mean_interval([tuned[q] - untrained[q] for q in shortest], params.evaluation, params.seed)
    assert rows[0][5].startswith(f"{gain.mean:+.3f} (")
    assert sum(int(row[1]) for row in rows) == len(tuned)


def test_cost_is_recorded_once_and_belongs_to_the_weights(runs: dict[str, Workspace]) -> None:
    root = runs["fire2019"].root
    with contextlib.chdir(root):
        before = Path("reports/cost.json").read_bytes()
        Path("logs").mkdir(exist_ok=True)
        lines = [
            {"stage": "model", "seconds": 9.0, "peak_mib": 900, "at": 1},
            {"stage": "model", "seconds": 4.25, "peak_mib": 800, "at": 2, "joules": 31.5},
            {"stage": "adapt", "seconds": 0.01, "peak_mib": 90, "at": 3},
        ]
        Path("logs/timings.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert record_cost()[0] is True
        cost = json.loads(Path("reports/cost.json").read_text())
        assert cost["stages"] == {"model": {"seconds": 4.25, "peak_mib": 800, "joules": 31.5}}
        assert cost["energy_read"] is True
        ledger = Ledger()
        text = render_markdown(report_facts(load_params(), ledger), ledger)
        assert "| model | 4.2 | 800 | 32 |" in text
        assert record_cost()[0] is False
        Path("reports/cost.json").write_bytes(before)
        ledger = Ledger()
        assert "Not recorded for these weights" in render_markdown(report_facts(load_params(), ledger), ledger)
