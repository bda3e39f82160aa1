"""The user guide says what the code says: its errors are the code's, its numbers the README's; its site is whole."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import REPO
from tests.docs.messages import HOLE, messages
from tests.docs.pages import CHINESE, GUIDE, README, links, numbers, tables

TROUBLES = [row[0].strip("`") for table in tables(REPO / "docs/troubleshoot.md") for row in table[1:]]
# What a browser fetches by itself, by element; links are followed only when someone clicks.
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
FETCHED |= {"embed": "src", "object": "data", "link": "href", "form": "action", "use": "href", "image": "href"}
FOREIGN = re.compile(r"(?:[a-z]+:)?//", re.IGNORECASE)


@pytest.mark.parametrize("symptom", TROUBLES)
def test_every_error_that_is_explained_is_one_of_the_code(symptom: str) -> None:
    parts = [part.strip() for part in symptom.split(HOLE)]
    assert max(map(len, parts)) >= 8, "too short to be told from others"
    pattern = re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
    assert any(pattern.search(message) for message in messages())


def test_an_error_that_the_code_does_not_have_is_not_found() -> None:
    assert not any("the moon is in the wrong phase" in message for message in messages())


def test_the_numbers_of_the_first_page_are_those_of_the_readme() -> None:
    (results, *_) = tables(REPO / "docs/index.md")
    rows = [row for table in tables(README) for row in table]
    for benchmark, protocol, untrained, tuned in results[1:]:
        name, claimed = benchmark.split(",")[0].split(" of ")[0], re.findall(r"`(\w+)`", protocol)
        same = [row for row in rows if row[0].startswith(name) and all(f"`{p}`" in row[1] for p in claimed)]
        assert any({untrained, tuned} <= set(numbers(" ".join(row))) for row in same), benchmark


@pytest.mark.parametrize("page", [README, CHINESE, *GUIDE], ids=lambda page: page.stem)
def test_links_to_files_lead_to_files(page: Path) -> None:
    for address in links(page):
        target = address.partition("#")[0]
        if target and not FOREIGN.match(address):
            assert (page.parent / target).exists(), address


class Fetches(HTMLParser):
    """Collects what a page makes a browser fetch: of its elements, and `url(…)` and `@import` of its styles."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in FETCHED and values.get("rel") != "canonical":
            self.found.append(values.get(FETCHED[tag]) or "")
        self.found += re.split(r"\s+[\d.]+[wx],?\s*", values.get("srcset") or "")
        self.found += of_styles(values.get("style") or "")


def of_styles(text: str) -> list[str]:
    """Addresses that CSS fetches."""
    return re.findall(r"""(?:url\(|@import\s+)\s*["']?([^"')\s]+)""", text)


def foreign(page: str) -> list[str]:
    """What an HTML page would fetch from another server."""
    parser = Fetches()
    parser.feed(page)
    styles = re.findall(r"<style.*?>(.*?)</style>", page, re.DOTALL)
    return [one for one in [*parser.found, *of_styles(" ".join(styles))] if FOREIGN.match(one)]


def test_what_a_page_fetches_elsewhere_is_seen() -> None:
    page = """<link rel="canonical" href="https://a.example"><link rel="stylesheet" href="https://b.example/x.css">
    <script src="//c.example/y.js"></script><a href="https://d.example">no</a>
    <img src="own.png" srcset="//e.example/z.png 2x">
    <style>@import "https://f.example/s.css"; p { background: url('own.png') }</style>"""
    assert [address.split("/")[2] for address in foreign(page)] == ["b.example", "c.example", "e.example", "f.example"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("mkdocs") is None or find_spec("material") is None:
        pytest.skip("mkdocs absent: make docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_guide_builds_and_has_every_page(site: Path) -> None:
    assert {f"{page.stem}.html" for page in GUIDE} <= {path.name for path in site.glob("*.html")}
    assert "search_index.json" in {path.name for path in site.rglob("*.json")}


def test_the_guide_asks_no_other_server_for_anything(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert foreign(path.read_text()) == [], path.name
    for path in site.rglob("*.css"):
        assert not [one for one in of_styles(path.read_text()) if FOREIGN.match(one)], path.name
