"""The page in a real headless Chromium, at a desktop's and a phone's width, with the keyboard, light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FACTS = "He took goods by theft from a house and was arrested by night."
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
COLUMNS = ["bm25", "base", "finetuned"]


@pytest.fixture(scope="module")
def browser(chromium: str, served: str) -> Iterator[Any]:
    del served
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Any, served: str) -> Iterator[Any]:
    """Opens the page; afterwards, no request may have gone to another server and no script have failed."""
    contexts, requests, failures = [], [], []

    def opened(viewport: dict[str, int], scheme: str = "light") -> Any:
        context = browser.new_context(viewport=viewport, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto(served)
        page.wait_for_selector("#lf-go")
        return page

    yield opened
    for context in contexts:
        context.close()
    foreign = [url for url in requests if not url.startswith((served, "data:", "blob:"))]
    assert requests
    assert foreign == []
    assert failures == []


def search(page: Any, facts: str, shows: str = ".lf-results") -> None:
    page.fill("#lf-facts textarea", facts)
    page.click("#lf-go")
    page.wait_for_selector(shows)


def visible(page: Any) -> list[str]:
    return [name for name in COLUMNS if page.is_visible(f".lf-column-{name}")]


def no_sideways_scrolling(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_typing_and_searching_shows_three_columns(open_page: Any) -> None:
    page = open_page(DESKTOP)
    search(page, FACTS)
    assert visible(page) == COLUMNS
    assert page.locator(".lf-hit").count() == 30
    boxes = [page.locator(f".lf-column-{name}").bounding_box() for name in COLUMNS]
    assert boxes[0]["x"] < boxes[1]["x"] < boxes[2]["x"]
    assert {round(box["y"]) for box in boxes} == {round(boxes[0]["y"])}
    assert no_sideways_scrolling(page)


def test_on_a_phone_the_columns_are_tabs(open_page: Any) -> None:
    page = open_page(PHONE)
    assert no_sideways_scrolling(page)
    search(page, FACTS)
    assert visible(page) == ["finetuned"]
    page.click(".lf-tablist >> text=BM25")
    assert visible(page) == ["bm25"]
    page.keyboard.press("ArrowRight")
    assert visible(page) == ["base"]
    assert no_sideways_scrolling(page)


def test_an_example_fills_in_its_text_and_is_searched(open_page: Any) -> None:
    page = open_page(DESKTOP)
    page.click("text=A theft")
    page.wait_for_selector(".lf-labels")
    assert "goods by theft" in page.input_value("#lf-facts textarea")


def test_the_keyboard_alone_is_enough(open_page: Any) -> None:
    page = open_page(DESKTOP)
    page.focus("#lf-facts textarea")
    page.keyboard.type(FACTS)
    page.keyboard.press("Shift+Enter")
    page.wait_for_selector(".lf-results")
    page.focus(".lf-column-finetuned summary")
    page.keyboard.press("Enter")
    assert page.is_visible(".lf-column-finetuned .lf-whole")


def test_an_empty_text_gets_a_hint(open_page: Any) -> None:
    page = open_page(DESKTOP)
    search(page, "   ", ".lf-hint")
    assert "Write or paste the facts" in page.inner_text(".lf-hint")
    assert page.locator(".lf-hit").count() == 0


def test_a_hundred_thousand_characters_are_searched_and_told(open_page: Any) -> None:
    page = open_page(PHONE)
    search(page, ("theft of goods by night " * 5000)[:100_000], ".lf-results .lf-hint")
    assert "BM25 reads them all" in page.inner_text(".lf-hint")
    assert page.locator(".lf-hit").count() == 30
    assert no_sideways_scrolling(page)


def test_markup_in_texts_does_nothing(open_page: Any) -> None:
    page = open_page(DESKTOP)
    search(page, "theft <script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">")
    assert page.locator(".lf-results img, .lf-results script").count() == 0
    assert page.title() != "broken"


def test_dark_is_dark_and_readable(open_page: Any) -> None:
    page = open_page(DESKTOP, "dark")
    search(page, FACTS)
    shades = page.evaluate(
        """() => ["body", ".lf-name"].map((selector, i) => {
            const style = getComputedStyle(document.querySelector(selector));
            return (i ? style.color : style.backgroundColor).match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0);
        })"""
    )
    assert shades[0] < 150
    assert shades[1] > 550
