"""The report of a finished run: its numbers come from its files, it is the same each time, it needs no network."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from lexfit.config import load_params
from lexfit.io import write_text
from lexfit.report.facts import marked_points, report_facts
from lexfit.report.ledger import Ledger, Quoted, Traced
from lexfit.report.page import HERE, SECTIONS, render_html, render_markdown
from lexfit.reporting.cost import record_cost
from lexfit.stages import report
from tests.publishing.finished import finished_run
from tests.stages.workspace import Workspace

NUMBER = re.compile(r"(?<![A-Za-z\d])\d+(?:\.\d+)?")
PROTOCOLS = ("zero_shot", "kfold", "fire2019", "all_labels")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> dict[str, Workspace]:
    """A finished run under each protocol."""
    base = tmp_path_factory.mktemp("reported")
    further = {"zero_shot": ["data/train=beir", "data.train.beir.path=cases", "data.train.beir.license=cc-by-4.0"]}
    return {
        name: finished_run(base / name, tiny_model, [f"protocol={name}", *further.get(name, [])], committed=False)
        for name in PROTOCOLS
    }


@pytest.fixture(params=PROTOCOLS)
def inside(request: pytest.FixtureRequest, runs: dict[str, Workspace]) -> Iterator[Path]:
    """The working directory is a finished run's."""
    root = runs[request.param].root
    with contextlib.chdir(root):
        yield root


def rendered(ledger: Ledger) -> str:
    return render_markdown(report_facts(load_params(), ledger), ledger)


def value(data: Any, key: str) -> Any:
    """What a dotted key names."""
    for part in key.split("."):
        data = data[int(part)] if isinstance(data, list) else data[part]
    return data


def section(text: str, name: str) -> str:
    number = list(SECTIONS).index(name) + 1
    return text.partition(f"\n## {number} ")[2].partition(f"\n## {number + 1} ")[0]


def table_under(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    lines = text.partition(heading)[2].splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("|---"))
    cells = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        cells.append([cell.strip() for cell in line.strip("|").split("|")])
    return cells


def test_each_looked_up_number_is_what_its_file_says_under_its_key(inside: Path) -> None:
    ledger = Ledger()
    rendered(ledger)
    looked_up = 0
    for entry in ledger.entries:
        assert set(entry.files) <= ledger.files.keys()
        if " " in entry.key or not entry.files[0].endswith((".json", ".yaml")):
            continue
        found = value(yaml.safe_load((inside / entry.files[0]).read_text()), entry.key)
        looked_up += 1
        if isinstance(found, int | float) and not isinstance(found, bool):
            digits = entry.text.replace(",", "")
            given = float(digits.rstrip("%")) / (100 if digits.endswith("%") else 1)
            places = len(digits.rstrip("%").partition(".")[2]) + (2 if digits.endswith("%") else 0)
            assert given == pytest.approx(found, abs=0.5001 * 10**-places), entry
        else:
            assert entry.text == (", ".join(map(str, found)) or "none" if isinstance(found, list) else str(found))
    assert looked_up > 60


class Blank(Ledger):
    """Prints nothing of what has an origin."""

    def print(self, value: Any) -> str:
        text = super().print(value)
        return "" if isinstance(value, Traced | Quoted) else text


def test_without_what_has_an_origin_the_text_has_no_numbers_but_the_templates_own(inside: Path) -> None:
    text = rendered(Blank())
    for name in SECTIONS:
        if name != "sources":
            own = (HERE / "sections" / f"{name}.md.j2").read_text() + (HERE / "sections" / "macros.md.j2").read_text()
            assert set(NUMBER.findall(section(text, name))) <= set(NUMBER.findall(own)), name
    assert set(NUMBER.findall(text.partition("\n## 1 ")[0])) <= {"10"}


def test_the_claim_in_the_text_is_the_mean_of_the_scores_by_query(inside: Path) -> None:
    text = rendered(Ledger())
    if inside.name == "all_labels":
        assert "### The claim" not in text
        return
    with (inside / "reports/plots/per_query_gain.tsv").open() as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    means = {m: sum(float(r[m]) for r in rows) / len(rows) for m in ("bm25", "untrained", "finetuned")}
    shown = {cells[0]: cells[1] for cells in table_under(text, "### The claim")}
    assert {n: float(s) for n, s in shown.items()} == pytest.approx(
        {"BM25": means["bm25"], "untrained": means["untrained"], "fine-tuned": means["finetuned"]}, abs=6e-5
    )
    for name, difference, counts, *_ in table_under(text, "### Wins, ties"):
        gains = [float(r["finetuned"]) - float(r["bm25" if name == "BM25" else name]) for r in rows]
        assert float(difference.split()[0]) == pytest.approx(sum(gains) / len(gains), abs=6e-5)
        signs = (sum(g > 0 for g in gains), sum(g == 0 for g in gains), sum(g < 0 for g in gains))
        assert counts == " / ".join(map(str, signs))


def test_found_documents_by_act_are_counted_from_the_rankings(inside: Path) -> None:
    if inside.name == "all_labels":
        return
    text = rendered(Ledger())
    shown = {cells[0]: cells[1:] for cells in table_under(text, "### By Act")}
    with (inside / "data/sources/aila/statutes.csv").open() as stream:
        acts = {row["id"]: row["act"] for row in csv.DictReader(stream)}
    with (inside / "data/raw/task/qrels.tsv").open() as stream:
        judged = [r for r in csv.DictReader(stream, delimiter="\t") if int(r["score"]) > 0]
    with (inside / "reports/plots/per_query_gain.tsv").open() as stream:
        queries = {row["query_id"] for row in csv.DictReader(stream, delimiter="\t")}
    ranks: dict[tuple[str, str], int] = {}
    for line in (inside / "data/baseline/untrained.tsv").read_text().splitlines()[1:]:
        query, document, rank, _ = line.split("\t")
        ranks[query, document] = int(rank)
    pairs = [(r["query-id"], r["corpus-id"]) for r in judged if r["query-id"] in queries]
    assert shown
    for act, (size, _, untrained, _) in shown.items():
        own = [pair for pair in pairs if pair in ranks and acts[pair[1]] == act]
        found = sum(ranks[pair] <= 10 for pair in own)
        assert int(size) == len(own)
        assert float(untrained.split()[0]) == pytest.approx(found / len(own), abs=0.0051)


def test_gains_by_length_are_those_of_the_queries(inside: Path) -> None:
    if inside.name == "all_labels":
        return
    with (inside / "reports/plots/per_query_gain.tsv").open() as stream:
        rows = {row["query_id"]: row for row in csv.DictReader(stream, delimiter="\t")}
    lines = (inside / "data/raw/task/queries.jsonl").read_text().splitlines()
    words = {q["id"]: len(q["text"].split()) for q in map(json.loads, lines)}
    ordered = sorted(rows, key=lambda q: (words[q], q))
    shown = table_under(rendered(Ledger()), "### By the query's length")
    assert sum(int(cells[1]) for cells in shown) == len(rows)
    for between, count, _, _, tuned, gain in shown:
        group, ordered = ordered[: int(count)], ordered[int(count) :]
        assert between == f"{words[group[0]]} to {words[group[-1]]}"
        assert float(tuned) == pytest.approx(sum(float(rows[q]["finetuned"]) for q in group) / len(group), abs=6e-4)
        assert float(gain.split()[0]) == pytest.approx(
            sum(float(rows[q]["gain"]) for q in group) / len(group), abs=6e-4
        )


def test_the_appendix_has_each_file_with_its_hash_and_the_sections_that_print_it(inside: Path) -> None:
    text = rendered(Ledger())
    files = table_under(text, "### Files")
    for name, sections, digest in files:
        path = inside / name.strip("`")
        data = path.read_bytes()
        if path.name == "params.yaml":
            data = data[: data.index(b"\nruntime:") + 1]
        assert digest.strip("`") == hashlib.sha256(data).hexdigest()
        assert sections
    listed = {name: sections.split(", ") for name, sections, _ in files}
    assert "11" in listed["`reports/audit.json`"]
    assert "9" in listed["`reports/figures/training.png`"]
    for number, _, names, _ in table_under(text, "### Every number"):
        assert all(number in listed[name] for name in names.split(", "))


def test_the_same_files_give_the_same_bytes_whatever_the_device(inside: Path) -> None:
    def written() -> list[bytes]:
        report.main(load_params())
        return [Path("reports", name).read_bytes() for name in ("report.md", "report.html")]

    first, params = written(), Path("params.yaml").read_text()
    assert written() == first
    write_text(Path("params.yaml"), params.replace("checkpoint_every: 10", "checkpoint_every: 20"))
    assert written() == first
    write_text(Path("params.yaml"), params)


class Links(HTMLParser):
    """Addresses that a page would fetch, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        if tag in {"img", "script", "iframe", "link", "image", "use", "object", "source"}:
            self.fetched += [str(v) for k, v in values.items() if k in {"src", "href", "xlink:href", "data"}]


def test_the_page_is_one_file_that_fetches_nothing_and_has_bilingual_headings(inside: Path) -> None:
    report.main(load_params())
    page = (inside / "reports/report.html").read_text()
    links = Links()
    links.feed(page)
    assert not [address for address in links.fetched if not address.startswith("#")]
    assert "script" not in links.tags
    assert not [target for target in re.findall(r"url\(([^)]*)\)", page) if not target.startswith("#")]
    assert "@import" not in page
    claimed = inside.name != "all_labels"
    assert links.tags.count("svg") == (3 if claimed else 1)
    assert links.tags.count("figcaption") == links.tags.count("svg")
    assert "<strong>摘要</strong>" in page
    headings = re.findall(r'<h2 id="s\d+">([^<]*)</h2>', page)
    assert headings == ["Abstract · 摘要", *(f"{n} {title}" for n, title in enumerate(SECTIONS.values(), 1))]
    assert all(re.search(r" · .*[\u4e00-\u9fff]", heading) for heading in headings)
    assert re.search(r"<details><summary>Every number[^<]*</summary>\s*<p>[^<]*</p>\s*<div", page)


def test_markup_in_texts_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    page = render_html("# T\n\n> <script>alert(1)</script> <img src=x>\n", tmp_path, "<b>T</b>")
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "<title>&lt;b&gt;T&lt;/b&gt;</title>" in page


def test_a_figure_without_a_drawing_is_a_picture_inside_the_page(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/a.png").write_bytes(b"\x89PNG")
    page = render_html("![What <it> shows](figures/a.png)\n", tmp_path, "T")
    assert '<img alt="What &lt;it&gt; shows" src="data:image/png;base64,iVBORw==">' in page
    assert "<figcaption>What &lt;it&gt; shows</figcaption>" in page


def test_a_run_without_a_claim_says_so(runs: dict[str, Workspace]) -> None:
    with contextlib.chdir(runs["all_labels"].root):
        text = rendered(Ledger())
    assert "this run claims no score" in text
    assert "**Claimed:** nothing." in text
    assert "不主张任何检索性能" in text
    assert "No score is claimed, so there are no queries to compare." in text
    assert "No score is claimed, so there are no errors to analyse." in text


def test_a_difference_is_claimed_only_where_its_interval_leaves_out_zero(runs: dict[str, Workspace]) -> None:
    with contextlib.chdir(runs["zero_shot"].root):
        path = Path("data/mteb_results/scores.json")
        before, said = path.read_text(), {}
        for low, high in ((0.1, 0.3), (-0.3, -0.1), (-0.1, 0.3)):
            scores = json.loads(before)
            scores["claim"]["gain"] |= {"low": low, "high": high}
            path.write_text(json.dumps(scores))
            said[low, high] = section(rendered(Ledger()), "claim")
        path.write_text(before)
    assert "ranks better than the untrained one" in said[0.1, 0.3]
    assert "ranks worse than the untrained one" in said[-0.3, -0.1]
    assert "**Claimed:** no difference." in said[-0.1, 0.3]


def test_negative_results_are_the_points_that_the_log_marks() -> None:
    log = "# Log\n\n## 2026-01-02: a\n- Negative: one\n  goes on\n- good\n  thing\n\n## 2026-01-03\n- Negative: two\n"
    assert marked_points(log) == [("2026-01-02", "one goes on"), ("2026-01-03", "two")]


def test_cost_is_recorded_once_and_belongs_to_the_weights(runs: dict[str, Workspace]) -> None:
    with contextlib.chdir(runs["fire2019"].root):
        before = Path("reports/cost.json").read_bytes()
        Path("logs").mkdir(exist_ok=True)
        lines = [
            {"stage": "model", "seconds": 9.0, "peak_mib": 900, "at": 1},
            {"stage": "model", "seconds": 84.25, "peak_mib": 800, "at": 2, "joules": 7200.0, "energy_from": ["RAPL"]},
            {"stage": "baseline", "seconds": 6.0, "peak_mib": 850, "at": 2},
            {"stage": "adapt", "seconds": 0.01, "peak_mib": 90, "at": 3},
        ]
        Path("logs/timings.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert record_cost()[0] is True
        cost = json.loads(Path("reports/cost.json").read_text())
        assert cost["stages"]["model"] == {"seconds": 84.25, "peak_mib": 800, "joules": 7200.0}
        assert list(cost["stages"]) == ["baseline", "model"]
        text = section(rendered(Ledger()), "cost")
        assert "**1.5 minutes**" in text
        assert "at most 850 MiB" in text
        assert "The machine's counters (RAPL) told 0.0020 kWh; a GPU isn't in it." in text
        assert "| model | 84.2 | 800 | 7200 |" in text
        assert "| baseline | 6.0 | 850 | not read |" in text
        assert record_cost()[0] is False
        Path("reports/cost.json").write_bytes(before)
        assert "Not recorded for these weights" in rendered(Ledger())
