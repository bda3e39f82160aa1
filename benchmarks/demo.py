"""From the click to the results on the screen: the demo over the last run's statutes, in headless Chromium.

Usage: python -m benchmarks.demo, where a run is finished and requirements-demo.lock and requirements-browser.lock are
installed. Every query is another one of the task's, so that nothing is answered from a former answer.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import socket
import statistics
import time
from typing import Any

from benchmarks.aila import RESULTS, machine
from lexfit.config import load_params
from lexfit.demo.about import about
from lexfit.demo.page import build_page, launch_options
from lexfit.demo.serve import HOST, load_side_by_side
from lexfit.io import read_json
from lexfit.jsonl import read_jsonl
from lexfit.stages.common import EVAL, RAW
from lexfit.stages.common import RESULTS as SCORES

WARM_UP, LONG = 3, 100_000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# The clock is the browser's own: from the click to the frame after the one in which new results are in the page.
# Gradio changes the old ones in place, and so drops the mark that they were given.
TIMED = """() => new Promise(done => {
  document.querySelector(".lf-results")?.setAttribute("data-old", "");
  const start = performance.now();
  const seen = () => {
    if (!document.querySelector(".lf-results:not([data-old])")) return;
    watch.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
  };
  const watch = new MutationObserver(seen);
  watch.observe(document.body, {attributes: true, childList: true, subtree: true});
  document.getElementById("lf-go").click();
})"""


def summarised(milliseconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum."""
    ordered = sorted(milliseconds)
    return {
        "median_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1),
        "max_ms": round(ordered[-1], 1),
    }


def in_browser(address: str, texts: list[str]) -> list[float]:
    """Milliseconds from click to results of each text, after three to warm up."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.wait_for_selector("#lf-go")
        found = []
        for text in texts:
            page.fill("#lf-facts textarea", text)
            page.wait_for_timeout(100)
            found.append(float(page.evaluate(TIMED)))
        browser.close()
    return found[WARM_UP:]


def main() -> None:
    """Measure and write benchmarks/results/demo.json."""
    start = time.perf_counter()
    demo = load_side_by_side()
    loaded = time.perf_counter() - start
    queries = [query["text"] for query in read_jsonl(EVAL / "queries.jsonl")][:60]
    told = about(load_params(), read_json(SCORES / "scores.json"), read_json(RAW / "task" / "source.json"))
    os.environ["NO_PROXY"] = f"{HOST},localhost"
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    page = build_page(demo, told, [])
    page.launch(server_name=HOST, server_port=port, prevent_thread_lock=True, **launch_options())
    long = (" ".join(queries) * (LONG // 1000))[:LONG]
    found: dict[str, Any] = {
        "statutes": len(demo.statutes),
        "queries": len(queries) - WARM_UP,
        "load_seconds": round(loaded, 1),
        "click_to_results": summarised(in_browser(f"http://{HOST}:{port}", queries)),
        "click_to_results_of_100000_characters": summarised(
            in_browser(f"http://{HOST}:{port}", [*queries[:WARM_UP], *(f"{n} {long}"[:LONG] for n in range(5))])
        ),
        "gradio": importlib.metadata.version("gradio"),
        "machine": machine(),
    }
    page.close(verbose=False)
    (RESULTS / "demo.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
